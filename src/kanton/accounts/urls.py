"""Addresses of sign-in and of one's own account. `/register` is with organizations, whose first one it makes."""

from django.urls import path

from kanton.accounts.recovery.views import forgotten
from kanton.accounts.views import account, again, second_step, security, sign_in, tokens

app_name = "accounts"
urlpatterns = [
    path("login", sign_in.login, name="login"),
    path("login/second-step", second_step.ask, name="second_step"),
    path("login/second-step/other", second_step.others, name="other_methods"),
    path("logout", sign_in.logout, name="logout"),
    path("confirm/<str:secret>", sign_in.confirm, name="confirm"),
    path("check-your-inbox", sign_in.check_inbox, name="check_inbox"),
    path("password/forgotten", forgotten.forgotten, name="forgotten"),
    path("password/new/<str:secret>", sign_in.new_password, name="new_password"),
    path("account/", account.profile, name="profile"),
    path("account/security", security.page, name="security"),
    path("account/again", again.ask, name="again"),
    path("account/confirmation", sign_in.resend, name="resend_confirmation"),
    path("account/name", account.edit, {"what": "name"}, name="edit_name"),
    path("account/language", account.edit, {"what": "language"}, name="edit_language"),
    path("account/country", account.edit, {"what": "country"}, name="edit_country"),
    path("account/time-zone", account.edit, {"what": "time-zone"}, name="edit_time_zone"),
    path("account/password", account.password, name="password"),
    path("account/activity", account.activity, name="activity"),
    path("account/tokens", tokens.tokens, name="tokens"),
    path("account/tokens/new", tokens.create, name="create_token"),
    path("account/tokens/<int:number>/revoke", tokens.revoke, name="revoke_token"),
]
