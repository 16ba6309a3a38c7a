"""Addresses of the app, of what it asks, and of the pages around it."""

from django.urls import path

from kanton.accounts.authenticator.views import app, device, pages, sign_in

app_name = "authenticator"
urlpatterns = [
    path("authenticator/", app.app, name="app"),
    path("authenticator/manifest.webmanifest", app.manifest, name="manifest"),
    path("authenticator/worker.js", app.worker, name="worker"),
    path("authenticator/authorize", pages.authorize, name="authorize"),
    path("authenticator/api/1/about", device.about, name="about"),
    path("authenticator/api/1/code", device.look, name="look"),
    path("authenticator/api/1/link", device.link, name="link"),
    path("authenticator/api/1/state", device.state, name="state"),
    path("authenticator/api/1/answer", device.answer, name="answer"),
    path("authenticator/api/1/not-me", device.not_me, name="not_me"),
    path("authenticator/api/1/push", device.push, name="push"),
    path("login/authenticator", sign_in.step, name="step"),
    path("login/authenticator/waiting", sign_in.waiting, name="waiting"),
    path("login/authenticator/again", sign_in.again, name="again"),
    path("account/authenticator", pages.set_up, name="set_up"),
    path("account/authenticator/linking/<int:number>", pages.linking, name="linking"),
    path("account/authenticator/<str:device>/remove", pages.remove, name="remove"),
]
