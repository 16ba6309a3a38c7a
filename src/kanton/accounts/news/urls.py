"""Addresses of news."""

from django.urls import path

from kanton.accounts.news import views

app_name = "news"
urlpatterns = [
    path("news", views.news, name="list"),
    path("news/<int:number>", views.one, name="one"),
    path("newsletter", views.newsletter, name="newsletter"),
    path("newsletter/confirm/<str:token>", views.confirm, name="confirm"),
    path("newsletter/leave/<str:token>", views.leave, name="leave"),
    path("account/settings", views.settings, name="settings"),
    path("account/settings/news", views.topics, name="topics"),
    path("staff/news", views.staff, name="staff"),
]
