"""`/device`: the person types what the device shows, sees what it asks for, and answers."""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_deny
from django.views.decorators.http import require_http_methods

from kanton.accounts.web import AccountRequest, signed_in
from kanton.core.throttle import Rule, throttle_all
from kanton.core.web import client_address
from kanton.rest.oauth.actions import allow_device, refuse_device
from kanton.rest.oauth.errors import UnknownCode
from kanton.rest.oauth.models import DeviceRequest
from kanton.rest.oauth.queries import open_request
from kanton.rest.oauth.scopes import in_words
from kanton.rest.oauth.views.authorize import guarded, lacks_second_factor
from kanton.rest.oauth.views.protocol import authenticated_at
from kanton.ui import forms as ui
from kanton.ui.hx import finished

HOUR = timedelta(hours=1)


class CodeForm(ui.Form):
    """The eight letters."""

    code = forms.CharField(
        label=gettext_lazy("Code on the device"),
        max_length=20,
        help_text=gettext_lazy("Eight letters, such as WDJB-MJHT."),
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "characters", "autofocus": True}),
    )


@never_cache
@xframe_options_deny
@signed_in
@require_http_methods(["GET", "POST"])
def device(request: AccountRequest) -> HttpResponse:
    """Type the code, then allow or refuse."""
    form = CodeForm(request.POST or request.GET or None)
    if form.is_bound and form.is_valid():
        with form.catching():
            asked = _asked(request, form.cleaned_data["code"])
            if request.POST.get("answer") == "allow" and not lacks_second_factor(request.user):
                allow_device(
                    request.actor,
                    request.user,
                    asked=asked,
                    auth_time=authenticated_at(request, request.user),
                )
                return _done(request, _("The device is signed in. You can close this page."))
            if request.POST.get("answer") == "refuse":
                refuse_device(request.actor, request.user, asked=asked)
                return _done(request, _("The device gets nothing."))
            context = {
                "asked": asked,
                "application": asked.application,
                "scopes": in_words(asked.scopes),
                "needs_second_factor": lacks_second_factor(request.user),
            }
            return guarded(render(request, "oauth/device_consent.html", context))
    status = 422 if form.is_bound else 200
    return guarded(render(request, "oauth/device.html", {"form": form}, status=status))


def _asked(request: AccountRequest, code: str) -> DeviceRequest:
    """The open request. Guessing is slow: ten wrong codes an hour for a person, thirty for a network."""
    found = open_request(code)
    if found is None:
        throttle_all(
            [
                Rule(f"device:{request.user.pk}", 10, HOUR),
                Rule(f"device:{client_address(request)}", 30, HOUR),
            ]
        ).or_refuse()
        raise UnknownCode
    return found


def _done(request: AccountRequest, text: str) -> HttpResponse:
    return finished(request, text, to=reverse("oauth:allowed"))
