"""Addresses of the protocol and of the pages about applications."""

from django.urls import path

from kanton.rest.oauth.views import applications, authorize, device, token

app_name = "oauth"
ORG = "o/<slug:organization>/applications"
urlpatterns = [
    path("authorize", authorize.authorize, name="authorize"),
    path("token", token.token, name="token"),
    path("device", device.device, name="device"),
    path("oauth2/userinfo", token.userinfo, name="userinfo"),
    path("oauth2/keys", token.jwks, name="keys"),
    path("oauth2/revoke", token.revocation, name="revoke"),
    path("oauth2/device", token.device_authorization, name="device_authorization"),
    path(".well-known/openid-configuration", token.configuration, name="configuration"),
    path(".well-known/oauth-authorization-server", token.configuration, name="metadata"),
    path(ORG, applications.applications, name="applications"),
    path(f"{ORG}/new", applications.register, name="register"),
    path(f"{ORG}/<int:number>", applications.application, name="application"),
    path(f"{ORG}/<int:number>/edit", applications.edit, name="edit"),
    path(f"{ORG}/<int:number>/secret", applications.secret, name="secret"),
    path(f"{ORG}/<int:number>/delete", applications.delete, name="delete"),
    path("account/applications", applications.allowed, name="allowed"),
    path("account/applications/<int:number>/withdraw", applications.withdraw_consent, name="withdraw"),
]
