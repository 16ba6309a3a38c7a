"""The mobile number: entered, and proven by a code (ACC-47, ACC-48)."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from kanton.accounts.errors import LinkGone
from kanton.accounts.recovery import forms
from kanton.accounts.recovery.actions.ways_back import PhoneChange, change_phone, confirm_phone
from kanton.accounts.recovery.models import CodePurpose
from kanton.accounts.recovery.queries import code_by_secret
from kanton.accounts.web import AccountRequest, signed_in
from kanton.core.outbox import sms_is_available
from kanton.ui.forms import carry_out
from kanton.ui.hx import finished, refresh


@never_cache
@sensitive_post_parameters("current_password")
@signed_in
@require_http_methods(["GET", "POST"])
def change(request: AccountRequest) -> HttpResponse:
    """Enter a number; with a gateway for text messages, its code is asked next."""
    person = request.user

    def then(made: PhoneChange) -> HttpResponse:
        if made.secret:
            return refresh(request, to=reverse("recovery:confirm_phone", args=[made.secret]))
        if not made.number:
            text = _("Your account has no mobile number now.")
        else:
            text = _("The number is kept. It cannot be confirmed here, so it opens nothing.")
        return finished(request, text, to=reverse("accounts:security"))

    note = "" if sms_is_available() else _(
        "This provider sends no text messages. The number is kept, but it cannot be confirmed, and so it cannot help "
        "you back into your account."
    )  # fmt: skip
    return carry_out(
        request,
        forms.PhoneForm(request.POST or None, initial={"phone": person.phone, "country": person.country}),
        change_phone,
        person,
        page="recovery/edit.html",
        partial="recovery/_edit_form.html",
        then=then,
        context={"heading": _("Mobile number"), "note": note, "label": _("Next")},
    )


@never_cache
@signed_in
@require_http_methods(["GET", "POST"])
def confirm(request: AccountRequest, secret: str) -> HttpResponse:
    """Type the code of the text message."""
    row = code_by_secret(secret, CodePurpose.CONFIRM)
    if row is None or row.person_id != request.user.pk:
        raise LinkGone
    return carry_out(
        request,
        forms.CodeForm(request.POST or None),
        confirm_phone,
        request.user,
        page="recovery/edit.html",
        partial="recovery/_edit_form.html",
        then=lambda person: finished(
            request, _("Your mobile number is confirmed."), to=reverse("accounts:security")
        ),
        context={
            "heading": _("Confirm your number"),
            "note": _("We have sent a code to %(phone)s.") % {"phone": row.number},
            "label": _("Confirm"),
        },
        secret=secret,
    )
