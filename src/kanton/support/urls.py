"""Addresses of support."""

from django.urls import path

from kanton.support.views import codes, identity, staff

app_name = "support"
urlpatterns = [
    path("account/support-code", codes.code, name="code"),
    path("account/identity-checks/<int:number>/procedure", identity.resend, name="resend"),
    path("identity-check", identity.ask, name="help"),
    path("identity/<str:secret>", identity.hand_in, name="hand_in"),
    path("identity/stop/<str:secret>", identity.stop, name="stop"),
    path("staff/support-code", codes.look_up, name="look_up"),
    path("staff/identity-checks", staff.checks, name="checks"),
    path("staff/identity-checks/<int:number>", staff.check, name="check"),
    path("staff/identity-checks/<int:number>/photos/<str:kind>", staff.photo, name="photo"),
]
