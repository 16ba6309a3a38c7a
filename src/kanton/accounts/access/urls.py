"""Addresses of account access, and of unlocking."""

from django.urls import path

from kanton.accounts.access import views

app_name = "access"
urlpatterns = [
    path("account/access", views.page, name="page"),
    path("account/access/end-others", views.end_others, name="end_others"),
    path("account/access/wishes", views.wishes, name="wishes"),
    path("account/access/<int:number>/end", views.end, name="end"),
    path("account/access/trusted/<int:number>/end", views.end_trust, name="end_trust"),
    path("unlock", views.unlock, name="unlock"),
    path("unlock/code", views.unlock_by_code, name="unlock_by_code"),
    path("unlock/<str:secret>", views.unlock_by_link, name="unlock_by_link"),
]
