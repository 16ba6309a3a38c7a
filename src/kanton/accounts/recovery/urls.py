"""Addresses of the ways back. `/password/forgotten` is with accounts, where the sign-in page leads to it."""

from django.urls import path

from kanton.accounts.recovery.views import addresses, forgotten, phone

app_name = "recovery"
urlpatterns = [
    path("account/login-address", addresses.login_address, name="login_address"),
    path("account/recovery-email", addresses.recovery_email, name="recovery_email"),
    path("account/recovery-phone", phone.change, name="phone"),
    path("account/recovery-phone/<str:secret>", phone.confirm, name="confirm_phone"),
    path("account/address/confirm/<str:secret>", addresses.confirm, name="confirm_address"),
    path("account/address/undo/<str:secret>", addresses.undo, name="undo_address"),
    path("account/new-address", addresses.new_address, name="new_address"),
    path("password/forgotten/recovery-email", forgotten.by_recovery_email, name="by_recovery_email"),
    path("password/forgotten/phone", forgotten.by_phone, name="by_phone"),
    path("password/code/<str:secret>", forgotten.code, name="reset_code"),
    path("login/forgotten", forgotten.login_search, name="login_search"),
    path("login/forgotten/<str:secret>", forgotten.login_found, name="login_found"),
    path("help/identity", forgotten.ask_for_help, name="help"),
]
