"""Addresses of single sign-on."""

from django.urls import path

from kanton.organizations.sso.views import settings, sign_in

app_name = "sso"
ORG = "o/<slug:organization>/sso"
urlpatterns = [
    path("login/sso", sign_in.begin, name="begin"),
    path("login/sso/connect", sign_in.confirm_link, name="link"),
    path("login/sso/<slug:slug>/callback", sign_in.callback, name="callback"),
    path("login/sso/<slug:slug>/signed-out", sign_in.back_channel, name="back_channel"),
    path("account/again/sso", sign_in.again, name="again"),
    path("account/sso/<slug:slug>/connect", sign_in.connect_own, name="connect_own"),
    path(ORG, settings.overview, name="overview"),
    path(f"{ORG}/domains", settings.claim, name="claim"),
    path(f"{ORG}/domains/<int:number>/check", settings.check, name="check"),
    path(f"{ORG}/domains/<int:number>/release", settings.release, name="release"),
    path(f"{ORG}/provider", settings.connection, name="connect"),
    path(f"{ORG}/test", settings.test, name="test"),
    path(f"{ORG}/on", settings.switch, {"to": "on"}, name="switch_on"),
    path(f"{ORG}/off", settings.switch, {"to": "off"}, name="switch_off"),
    path(f"{ORG}/rules", settings.policy, name="policy"),
    path(f"{ORG}/sessions/end", settings.end, name="end_sessions"),
    path(f"{ORG}/people/<int:number>/separate", settings.separate, name="separate"),
    path(f"{ORG}/disconnect", settings.remove, name="disconnect"),
]
