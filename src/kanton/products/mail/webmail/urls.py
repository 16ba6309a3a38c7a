"""The webmail's addresses. A folder's name travels as a parameter, since it may hold anything."""

from __future__ import annotations

from django.urls import path

from kanton.products.mail.webmail import views

app_name = "webmail"
urlpatterns = [
    path("mail/", views.home, name="home"),
    path("mail/<int:mailbox>/", views.folder, name="folder"),
    path("mail/<int:mailbox>/messages/<int:uid>", views.message, name="message"),
    path("mail/<int:mailbox>/messages/<int:uid>/body", views.body, name="body"),
    path("mail/<int:mailbox>/messages/<int:uid>/source", views.source, name="source"),
    path(
        "mail/<int:mailbox>/messages/<int:uid>/attachments/<int:number>", views.attachment, name="attachment"
    ),
    path("mail/<int:mailbox>/act", views.act, name="act"),
    path("mail/<int:mailbox>/undo", views.undo, name="undo"),
    path("mail/<int:mailbox>/compose", views.compose, name="compose"),
]
