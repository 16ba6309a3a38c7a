"""Addresses of mail services, and of the webmail."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from kanton.products.mail import views

app_name = "mail"
MAIL = "o/<slug:organization>/mail"
ONE = f"{MAIL}/<int:service>"
BOX = f"{ONE}/addresses/<str:local>"
pages = [
    path(MAIL, views.services, name="services"),
    path(ONE, views.service, name="service"),
    path(f"{ONE}/new", views.new_mailbox, name="new_mailbox"),
    path(f"{ONE}/many", views.bulk, name="bulk"),
    path(f"{ONE}/deleted/<int:number>/restore", views.restore, name="restore"),
    path(BOX, views.mailbox, name="mailbox"),
    path(f"{BOX}/state", views.mailbox_state, name="mailbox_state"),
    path(f"{BOX}/password", views.password, name="password"),
    path(f"{BOX}/details", views.details, name="details"),
    path(f"{BOX}/aliases", views.aliases, name="aliases"),
    path(f"{BOX}/redirection", views.redirection, name="redirection"),
    path(f"{BOX}/delete", views.delete, name="delete"),
    path(f"{BOX}/link", views.link, name="link"),
    path(f"{BOX}/unlink", views.unlink, name="unlink"),
    path(f"{BOX}/invite", views.invite, name="invite"),
    path(f"{BOX}/people/<int:number>", views.access, name="access"),
    path(f"{BOX}/people/<int:number>/withdraw", views.withdraw, name="withdraw"),
    path(f"{BOX}/devices/new", views.new_device, name="new_device"),
    path(f"{BOX}/devices/<int:number>/revoke", views.revoke_device, name="revoke_device"),
    path(f"{ONE}/redirections", views.redirects, name="redirects"),
    path(f"{ONE}/redirections/new", views.new_redirect, name="new_redirect"),
    path(f"{ONE}/redirections/<int:number>", views.change_redirect, name="change_redirect"),
    path(f"{ONE}/redirections/<int:number>/delete", views.delete_redirect, name="delete_redirect"),
    path(f"{ONE}/domains", views.domains, name="domains"),
    path(f"{ONE}/domains/new", views.new_domain, name="new_domain"),
    path(f"{ONE}/domains/<str:name>/state", views.domain_state, name="domain_state"),
    path(f"{ONE}/domains/<str:name>/records", views.domain_records, name="domain_records"),
    path(f"{ONE}/domains/<str:name>/unlink", views.unlink_domain, name="unlink_domain"),
    path(f"{ONE}/domains/<str:name>/check", views.check_domain, name="check_domain"),
    path(f"{ONE}/journal", views.journal, name="journal"),
    path(f"{ONE}/programs", views.programs, name="programs"),
    path(f"{ONE}/maintenance", views.maintenance, name="maintenance"),
]
urlpatterns: list[URLPattern | URLResolver] = [
    path("", include((pages, app_name))),
    path("", include("kanton.products.mail.webmail.urls")),
]
del app_name
