"""Addresses of the profile."""

from django.urls import path

from kanton.accounts.profile.views import exports, farewell, mails, profile, public

app_name = "profile"
urlpatterns = [
    path("account/picture", profile.picture, name="picture"),
    path("account/picture/removal", profile.no_picture, name="no_picture"),
    path("account/birth-date", profile.birth_date, name="birth_date"),
    path("account/data", exports.exports, name="exports"),
    path("account/data/<int:number>/download", exports.download, name="download"),
    path("account/mails", mails.mails, name="mails"),
    path("account/protect", mails.guide, name="guide"),
    path("cookies", public.cookies, name="cookies"),
    path("browser-settings", public.browser, name="browser"),
    path("account/deletion", farewell.delete, name="delete"),
    path("account/deleted", farewell.deleted, name="deleted"),
    path("pictures/<str:key>/<str:size>.webp", profile.picture_file, name="file"),
]
