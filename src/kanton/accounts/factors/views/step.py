"""Asking for the second proof during sign-in."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from kanton.accounts import second_factor
from kanton.accounts.factors import passkeys
from kanton.accounts.factors.actions import (
    pass_by_backup_code,
    pass_by_key,
    pass_by_text_code,
    pass_by_totp,
    send_step_code,
)
from kanton.accounts.factors.errors import NotProven, WrongCode
from kanton.accounts.factors.forms import BackupCodeForm, CodeForm
from kanton.accounts.models import Person
from kanton.ui.forms import Form

STEP = "step"


@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def totp(request: HttpRequest) -> HttpResponse:
    """The six digits of the app."""
    return _code_step(request, "totp", CodeForm, pass_by_totp)


@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def backup(request: HttpRequest) -> HttpResponse:
    """One of the ten codes."""
    return _code_step(request, "backup", BackupCodeForm, pass_by_backup_code)


@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def sms(request: HttpRequest) -> HttpResponse:
    """A code by text message, sent when the reader asks for it."""
    person = _pending(request, "sms")
    if person is not None and request.POST.get("send"):
        form = Form(request.POST)
        form.is_valid()
        with form.catching():
            send_step_code(request.actor, person)  # type: ignore[attr-defined]
        return _page(request, "sms", CodeForm() if form.is_valid() else form, is_sent=form.is_valid())
    return _code_step(request, "sms", CodeForm, pass_by_text_code, is_sent=request.method == "POST")


@never_cache
@require_http_methods(["GET", "POST"])
def key(request: HttpRequest) -> HttpResponse:
    """A passkey or security key: the browser asks for it."""
    person = _pending(request, "key")
    if person is None:
        return second_factor.back_to_sign_in()
    form = Form(request.POST if request.method == "POST" else None)

    def page() -> HttpResponse:
        return _page(request, "key", form, ceremony=passkeys.begin_proving(STEP, person))

    if form.is_valid():
        with form.catching():
            second_factor.admit(request)
            try:
                pass_by_key(
                    request.actor,  # type: ignore[attr-defined]
                    person,
                    sealed=request.POST.get("sealed", ""),
                    credential=request.POST.get("credential", ""),
                )
            except NotProven as error:
                form.add_domain_error(error)
                return second_factor.failed(request, "key", page=page)
            return second_factor.passed(request, "key")
    return page()


def _code_step(
    request: HttpRequest, code: str, form_class: type[Form], do: Callable[..., object], **context: object
) -> HttpResponse:
    person = _pending(request, code)
    if person is None:
        return second_factor.back_to_sign_in()
    form = form_class(request.POST or None)
    if form.is_valid():
        with form.catching():
            second_factor.admit(request)
            try:
                do(request.actor, person, code=form.cleaned_data["code"])  # type: ignore[attr-defined]
            except WrongCode as error:
                form.add_domain_error(error)
                return second_factor.failed(request, code, page=lambda: _page(request, code, form, **context))
            return second_factor.passed(request, code)
    return _page(request, code, form, **context)


def _pending(request: HttpRequest, code: str) -> Person | None:
    """Who owes the proof and has this method."""
    person = second_factor.pending(request)
    return person if person is not None and second_factor.method_called(code).is_active(person) else None


def _page(request: HttpRequest, code: str, form: Form, **context: object) -> HttpResponse:
    values = {"form": form, **second_factor.step_context(request, code), **context}
    status = 422 if form.is_bound and not form.is_valid() else 200
    return render(request, f"factors/{code}_step.html", values, status=status)
