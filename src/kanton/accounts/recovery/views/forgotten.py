"""A forgotten password, a forgotten login e-mail: the same pages for every address (ACC-51…59)."""

from __future__ import annotations

from datetime import timedelta

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kanton.accounts.actions import ask_for_reset
from kanton.accounts.errors import LinkGone
from kanton.accounts.forms import AddressForm
from kanton.accounts.identifiers import login_of
from kanton.accounts.models import address_key
from kanton.accounts.recovery import forms, help
from kanton.accounts.recovery.actions.forgotten import (
    ask_for_login,
    ask_for_reset_by_phone,
    ask_for_reset_by_recovery,
    enter_login_code,
    enter_reset_code,
    send_login,
)
from kanton.accounts.recovery.errors import WrongCode
from kanton.accounts.recovery.models import CodePurpose, PhoneCode, proven_recovery_email
from kanton.accounts.recovery.queries import (
    code_by_secret,
    masked_address,
    masked_phone,
    people_found,
    ways_for,
)
from kanton.core.actor import Actor
from kanton.core.outbox import sms_is_available
from kanton.core.secrets import token_hash
from kanton.core.throttle import Rule, throttle, throttle_all
from kanton.core.web import client_address

HOUR = timedelta(hours=1)


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


@never_cache
@require_http_methods(["GET", "POST"])
def forgotten(request: HttpRequest) -> HttpResponse:
    """Ask for a link to choose a new password, and see the other ways back (ACC-51)."""
    form = AddressForm(request.POST or None, initial={"email": request.GET.get("email", "")})
    if request.method == "POST" and form.is_valid():
        email = login_of(form.cleaned_data["email"])
        with form.catching():
            _limit(request, email, "recovery")
            ask_for_reset(_actor(request), email=email)
            context = {"email": email, "ways": ways_for(email), "help_url": reverse("recovery:help")}
            return render(request, "accounts/reset_sent.html", context)
    return render(request, "accounts/forgotten.html", {"form": form}, status=422 if form.is_bound else 200)


@never_cache
@require_POST
def by_recovery_email(request: HttpRequest) -> HttpResponse:
    """Have the link sent to the recovery e-mail."""
    email = _email(request)
    _limit(request, email, "recovery-mail")
    ask_for_reset_by_recovery(_actor(request), email=email)
    context = {"help_url": reverse("recovery:help")}
    return render(request, "recovery/reset_sent.html", context)


@never_cache
@require_POST
def by_phone(request: HttpRequest) -> HttpResponse:
    """Have a code sent to the phone, and ask for it."""
    email = _email(request)
    _limit(request, email, "recovery-sms")
    secret = ask_for_reset_by_phone(_actor(request), email=email)
    return HttpResponseRedirect(reverse("recovery:reset_code", args=[secret]), status=303)


@never_cache
@require_http_methods(["GET", "POST"])
def code(request: HttpRequest, secret: str) -> HttpResponse:
    """Type the code; then a new password is chosen as by the link of a mail."""
    if code_by_secret(secret, CodePurpose.RESET) is None:
        raise LinkGone
    form = forms.CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with form.catching():
            link = enter_reset_code(_actor(request), secret=secret, **form.cleaned_data)
            return HttpResponseRedirect(reverse("accounts:new_password", args=[link]), status=303)
    context = {"form": form, "help_url": reverse("recovery:help")}
    return render(request, "recovery/code.html", context, status=422 if form.is_bound else 200)


@never_cache
@require_http_methods(["GET", "POST"])
def login_search(request: HttpRequest) -> HttpResponse:
    """Find the login e-mail by the mobile number (ACC-56)."""
    form = forms.PhoneSearchForm(request.POST or None, initial={"country": "CH"})
    if request.method == "POST" and form.is_valid():
        with form.catching():
            secret = ask_for_login(_actor(request), **form.cleaned_data)
            return HttpResponseRedirect(reverse("recovery:login_found", args=[secret]), status=303)
    context = {"form": form, "has_gateway": sms_is_available(), "help_url": _help_for("login")}
    return render(request, "recovery/login_search.html", context, status=422 if form.is_bound else 200)


@never_cache
@require_http_methods(["GET", "POST"])
def login_found(request: HttpRequest, secret: str) -> HttpResponse:
    """First the code; only then does the page tell found from not found (ACC-58)."""
    row = code_by_secret(secret, CodePurpose.LOGIN)
    if row is None:
        raise LinkGone
    if row.is_entered:
        return _what_was_found(request, row, secret)
    form = forms.CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with form.catching():
            enter_login_code(_actor(request), secret=secret, **form.cleaned_data)
            return HttpResponseRedirect(request.path, status=303)
    context = {"form": form, "help_url": _help_for("login")}
    return render(request, "recovery/code.html", context, status=422 if form.is_bound else 200)


def _what_was_found(request: HttpRequest, row: PhoneCode, secret: str) -> HttpResponse:
    """None, several, or the one to whom its login e-mail is sent."""
    recovery_email = request.POST.get("recovery_email", "")[:254]
    if recovery_email:
        throttle(f"tell-apart:{row.digest[:24]}", 5, HOUR).or_refuse()
    people = people_found(row, recovery_email)
    if not people_found(row):
        return render(request, "recovery/login_not_found.html", {"help_url": _help_for("login")})
    if len(people) != 1:
        form = forms.TellApartForm(request.POST or None)
        if recovery_email and form.is_valid():
            form.add_error(
                "recovery_email", WrongCode.message if people else _("No account with this number has it.")
            )
        context = {"form": form, "help_url": _help_for("login")}
        return render(request, "recovery/tell_apart.html", context, status=422 if form.is_bound else 200)
    person = people[0]
    ways = [("sms", masked_phone(person.phone))]
    if address := proven_recovery_email(person):
        ways.insert(0, ("mail", masked_address(address)))
    way_form = forms.WayForm(
        request.POST if "way" in request.POST else None, ways=ways, initial={"recovery_email": recovery_email}
    )
    if way_form.is_bound and way_form.is_valid():
        send_login(_actor(request), secret=secret, **way_form.cleaned_data)
        return render(request, "recovery/login_sent.html")
    return render(request, "recovery/login_found.html", {"form": way_form})


@require_GET
def ask_for_help(request: HttpRequest) -> HttpResponse:
    """On to the page on which somebody proves who they are; it knows whose second step is awaited."""
    to = help.address(request.GET.get("reason", "")[:30])
    if not to:
        raise Http404
    return HttpResponseRedirect(to)


def _help_for(reason: str) -> str:
    return f"{reverse('recovery:help')}?reason={reason}"


def _email(request: HttpRequest) -> str:
    return login_of(request.POST.get("email", "")[:254])


def _limit(request: HttpRequest, email: str, what: str) -> None:
    """Five an hour for an address, twenty for a network, whether the address has an account or not (ACC-59)."""
    account = token_hash(address_key(email))[:24]
    rules = [Rule(f"{what}:{account}", 5, HOUR), Rule(f"{what}:{client_address(request)}", 20, HOUR)]
    throttle_all(rules).or_refuse()
