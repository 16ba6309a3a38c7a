"""Addresses of the provider's staff."""

from django.urls import path

from kanton.backoffice import views

app_name = "backoffice"
urlpatterns = [
    path("staff/", views.overview, name="overview"),
    path("staff/jobs", views.jobs, name="jobs"),
    path("staff/jobs/retry", views.retry_chosen_jobs, name="retry_jobs"),
    path("staff/jobs/cancel", views.cancel_chosen_jobs, name="cancel_jobs"),
    path("staff/jobs/<int:number>", views.job, name="job"),
    path("staff/mails", views.mails, name="mails"),
    path("staff/mails/<int:number>", views.mail, name="mail"),
    path("staff/mails/<int:number>/preview", views.mail_preview, name="mail_preview"),
    path("staff/mails/<int:number>/delivery", views.send_again, name="send_again"),
    path("staff/text-messages", views.short_messages, name="short_messages"),
    path("staff/organizations", views.organizations, name="organizations"),
    path("staff/organizations/<slug:slug>", views.organization, name="organization"),
    path("staff/people", views.people, name="people"),
    path("staff/people/<int:number>", views.person, name="person"),
    path("staff/people/<int:number>/sessions/end", views.end_sessions, name="end_sessions"),
    path("staff/people/<int:number>/sessions/<int:session>/end", views.end_session, name="end_session"),
    path("staff/wishes", views.wishes, name="wishes"),
    path("staff/wishes/<str:kind>/<int:number>/attempt", views.try_again, name="try_wish_again"),
    path("staff/activity", views.activity, name="activity"),
]
