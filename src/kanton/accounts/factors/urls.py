"""Addresses of second factors: the 2FA page, and the second step of sign-in."""

from django.urls import path

from kanton.accounts.factors.views import manage, passkey, step

app_name = "factors"
urlpatterns = [
    path("2fa", manage.short_address, name="short"),
    path("account/two-factor", manage.page, name="page"),
    path("account/two-factor/app", manage.add_totp, name="add_totp"),
    path("account/two-factor/key", manage.add_key, name="add_key"),
    path("account/two-factor/sms", manage.add_sms, name="add_sms"),
    path("account/two-factor/backup-codes", manage.new_backup_codes, name="new_backup_codes"),
    path("account/two-factor/backup-codes/download", manage.download, name="download"),
    path("account/two-factor/off", manage.turn_off, name="turn_off"),
    path("account/two-factor/<slug:code>/name", manage.rename, name="rename"),
    path("account/two-factor/<slug:code>/remove", manage.remove, name="remove"),
    path("account/again/key", passkey.again, name="again_by_key"),
    path("login/passkey", passkey.sign_in, name="sign_in"),
    path("login/code", step.totp, name="totp_step"),
    path("login/key", step.key, name="key_step"),
    path("login/sms", step.sms, name="sms_step"),
    path("login/backup-code", step.backup, name="backup_step"),
]
