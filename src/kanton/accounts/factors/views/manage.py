"""The 2FA page of one's own account: methods, backup codes, turning everything off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from allauth.account.internal.flows.login import record_authentication
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kanton.accounts import second_factor
from kanton.accounts.factors import actions, forms, passkeys, totp
from kanton.accounts.factors.errors import SecondStepNeeded, SmsNotOffered
from kanton.accounts.factors.models import BACKUP_CODES, BackupCode, code_digest
from kanton.accounts.factors.queries import (
    Factor,
    backup_codes_left,
    factor_of,
    factors_of,
    has_totp,
    is_on,
    sms_is_offered,
)
from kanton.accounts.models import Person
from kanton.accounts.places import country_name
from kanton.accounts.reauthentication import proven_again
from kanton.accounts.web import AccountRequest, signed_in
from kanton.config import config
from kanton.core import clock, secrets
from kanton.core.parity import shows
from kanton.ui.forms import Form, carry_out
from kanton.ui.hx import finished
from kanton.ui.tables import Column, DateColumn, RowAction, Table

SETUP_SECONDS = 30 * 60


def is_proven(request: HttpRequest, person: Person) -> bool:
    """Did this session pass the second step itself, or come by a passkey (ACC-93)?"""
    return second_factor.proven_by(request, person, method="mfa")


class FactorTable(Table[Factor]):
    """The methods that are set up."""

    kind = Column(gettext_lazy("Method"), main=True, below=lambda factor: factor.name)
    use = Column(
        gettext_lazy("Good for"),
        value=lambda factor: (
            _("signing in without password, and as second factor")
            if factor.signs_in_alone
            else _("second factor")
        ),
        wide=True,
    )
    last_used_at = DateColumn(gettext_lazy("Last use"))
    created_at = DateColumn(pgettext_lazy("when a method was set up", "Set up"), wide=True)

    def row_actions(self, row: Factor) -> Sequence[RowAction]:
        """Rename a key, remove any."""
        remove = RowAction(_("Remove"), reverse("factors:remove", args=[row.code]), "trash", danger=True)
        if row.method != "key":
            return (remove,)
        return (RowAction(_("Rename"), reverse("factors:rename", args=[row.code]), "pencil"), remove)


@signed_in
@require_GET
@shows(factors_of)
def page(request: AccountRequest) -> HttpResponse:
    """Everything about two-factor authentication (ACC-72…79, 93…95)."""
    person = request.user
    factors = factors_of(request.actor)
    methods = [method for method in second_factor.all_methods() if not method.is_backup]
    active = {method.code for method in second_factor.methods_of(person)}
    offered = [
        method
        for method in methods
        if method.is_offered(person) and (method.code not in active or method.code in ("key", "app"))
    ]
    ours = {factor.method for factor in factors}
    context = {
        "is_on": is_on(person),
        "has_own": bool(factors),
        "offered": offered,
        "elsewhere": [
            (method, method.box(request) if method.box else "")
            for method in methods
            if method.code in active and method.code not in ours
        ],
        "left": backup_codes_left(person),
        "all": BACKUP_CODES,
        "enforced_by": second_factor.enforced_by(person),
        "sms_is_elsewhere": "sms" in active and not sms_is_offered(person),
    }
    return FactorTable(request, factors).response("factors/page.html", context)


@require_GET
def short_address(request: HttpRequest) -> HttpResponse:
    """`/2fa`, easy to type from a phone (ACC-86)."""
    return HttpResponseRedirect(reverse("factors:page"))


@never_cache
@sensitive_post_parameters("code", "setup")
@signed_in
@require_http_methods(["GET", "POST"])
@proven_again
def add_totp(request: AccountRequest) -> HttpResponse:
    """Set up a one-time password app: QR code, the key to type, and the first code as a proof."""
    person = request.user
    secret = _opened(request.POST.get("setup", ""), person) or totp.new_secret()
    form = forms.NewTotpForm(request.POST or None, initial={"setup": _sealed(secret, person)})
    if form.is_valid():
        with form.catching():
            codes = actions.add_totp(request.actor, person, secret=secret, code=form.cleaned_data["code"])
            return _added(request, codes, second_factor.method_called("totp"))
    _replace(form, setup=_sealed(secret, person))
    address = totp.address(secret, issuer=config.operator.name, account=person.email)
    context = {
        "form": form,
        "picture": totp.picture(address),
        "address": address,
        "secret": totp.grouped(secret),
        "exists": has_totp(person),
    }
    return render(request, "factors/add_totp.html", context, status=422 if form.is_bound else 200)


@never_cache
@signed_in
@require_http_methods(["GET", "POST"])
@proven_again
def add_key(request: AccountRequest) -> HttpResponse:
    """Set up a passkey or security key: the browser makes it."""
    person = request.user
    form = forms.NewKeyForm(request.POST or None)
    if form.is_valid():
        with form.catching():
            codes = actions.add_key(request.actor, person, **form.cleaned_data)
            return _added(request, codes, second_factor.method_called("key"))
    ceremony = passkeys.begin_adding(person)
    _replace(form, credential="")
    context = {"form": form, "ceremony": ceremony}
    return render(request, "factors/add_key.html", context, status=422 if form.is_bound else 200)


@never_cache
@signed_in
@require_http_methods(["GET", "POST"])
@proven_again
def add_sms(request: AccountRequest) -> HttpResponse:
    """Set up codes by text message: a number, then the code that arrived there."""
    person = request.user
    if not sms_is_offered(person):
        raise SmsNotOffered
    sent = request.POST.get("sent", "")
    form: Form = (
        forms.CodeForm(request.POST)
        if sent
        else forms.PhoneForm(request.POST or None, initial={"phone": person.phone})
    )
    if form.is_valid():
        with form.catching():
            if sent:
                codes = actions.add_text_number(request.actor, person, code=form.cleaned_data["code"])
                return _added(request, codes, second_factor.method_called("sms"))
            sent = actions.send_text_code(request.actor, person, phone=form.cleaned_data["phone"])
            form = forms.CodeForm()
    context = {"form": form, "sent": sent}
    return render(request, "factors/add_sms.html", context, status=422 if form.is_bound else 200)


@signed_in
@require_http_methods(["GET", "POST"])
def rename(request: AccountRequest, code: str) -> HttpResponse:
    """Call a passkey otherwise."""
    factor = factor_of(request.actor, code)
    return carry_out(
        request,
        forms.KeyNameForm(request.POST or None, initial={"name": factor.name}),
        actions.rename_key,
        request.user,
        page="factors/rename.html",
        partial="factors/_rename_form.html",
        then=lambda _nothing: finished(request, _("The name is saved."), to=reverse("factors:page")),
        code=code,
    )


@signed_in
@require_http_methods(["GET", "POST"])
@proven_again
def remove(request: AccountRequest, code: str) -> HttpResponse:
    """Remove one method, after saying what that means (ACC-73, ACC-92, ACC-95)."""
    factor = factor_of(request.actor, code)
    others = len(factors_of(request.actor)) + _elsewhere(request.user) - 1
    return _carry_out_or_lead_on(
        request,
        lambda actor: actions.remove_factor(
            actor, request.user, factor, is_proven=is_proven(request, request.user)
        ),
        template="remove",
        text=_("“%(method)s” is removed.") % {"method": factor.label},
        context={
            "factor": factor,
            "is_last": not others,
            "enforced_by": second_factor.enforced_by(request.user) if not others else [],
            "no_sms_again": factor.code == "sms" and not sms_is_offered(request.user),
            "country": country_name(request.user.country),
        },
    )


@signed_in
@require_http_methods(["GET", "POST"])
@proven_again
def turn_off(request: AccountRequest) -> HttpResponse:
    """Turn two-factor authentication off (ACC-93…96)."""
    return _carry_out_or_lead_on(
        request,
        lambda actor: actions.turn_off_second_factor(
            actor, request.user, is_proven=is_proven(request, request.user)
        ),
        template="turn_off",
        text=_("Two-factor authentication is off. Only your password protects your account now."),
        context={"enforced_by": second_factor.enforced_by(request.user)},
    )


@never_cache
@signed_in
@require_http_methods(["GET", "POST"])
@proven_again
def new_backup_codes(request: AccountRequest) -> HttpResponse:
    """Make a new set, which voids the old one, and show it once."""
    form = Form(request.POST if request.method == "POST" else None)
    if form.is_valid():
        with form.catching():
            return _show_codes(request, actions.make_backup_codes(request.actor, request.user))
    context = {"form": form, "left": backup_codes_left(request.user), "is_on": is_on(request.user)}
    return render(request, "factors/new_backup_codes.html", context, status=422 if form.is_bound else 200)


@never_cache
@sensitive_post_parameters("code")
@signed_in
@require_POST
def download(request: AccountRequest) -> HttpResponse:
    """The codes that the page just showed, as a text file. Only hashes are kept, so the page sends them along."""
    mine = set(BackupCode.objects.filter(person=request.user, used_at=None).values_list("digest", flat=True))
    codes = [
        code
        for code in request.POST.getlist("code")[:BACKUP_CODES]
        if code_digest(request.user, "backup", code) in mine
    ]
    title = _("Backup codes of %(email)s at %(operator)s") % {
        "email": request.user.email,
        "operator": config.operator.name,
    }
    lines = [title, "", *codes, "", _("Each code works once. A new set makes these void."), ""]
    response = HttpResponse("\r\n".join(lines), content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="backup-codes.txt"'
    return response


def show_codes_or_finish(request: AccountRequest, codes: Sequence[str], text: str) -> HttpResponse:
    """After a method was set up: the backup codes if it was the first, else back to the 2FA page. Other rooms
    end their set-up with it too."""
    # Who has just set a method up has shown that they hold it.
    record_authentication(request, request.user, method="mfa", type="set-up")
    return _show_codes(request, codes) if codes else finished(request, text, to=reverse("factors:page"))


def _added(request: AccountRequest, codes: Sequence[str], method: second_factor.Method) -> HttpResponse:
    return show_codes_or_finish(request, codes, _("“%(method)s” is set up.") % {"method": method.label})


def _show_codes(request: AccountRequest, codes: Sequence[str]) -> HttpResponse:
    # Not a redirect: the codes are on this answer only, and nowhere else.
    return render(request, "factors/backup_codes.html", {"codes": codes})


def _carry_out_or_lead_on(
    request: AccountRequest, do: Callable[..., None], *, template: str, text: str, context: dict[str, object]
) -> HttpResponse:
    """The form; a session that never passed the second step is told how to."""
    try:
        needs_step = not is_proven(request, request.user)
        return carry_out(
            request,
            Form(request.POST if request.method == "POST" else None),
            do,
            page=f"factors/{template}.html",
            partial=f"factors/_{template}_form.html",
            then=lambda _nothing: finished(request, text, to=reverse("factors:page")),
            context={**context, "needs_step": needs_step},
        )
    except SecondStepNeeded as error:
        form = Form(request.POST)
        form.is_valid()
        form.add_domain_error(error)
        values = {**context, "form": form, "needs_step": True}
        return render(request, f"factors/{template}.html", values, status=422)


def _replace(form: Form, **values: str) -> None:
    """Give fields of a form that is shown again other values than those sent."""
    if form.is_bound:
        data: Any = form.data
        form.data = {name: data[name] for name in data} | values


def _elsewhere(person: Person) -> int:
    """How many methods of other rooms are active."""
    return sum(
        method.code not in ("key", "totp", "sms") and not method.is_backup
        for method in second_factor.methods_of(person)
    )


def _sealed(secret: str, person: Person) -> str:
    """The key of an app that is being set up, encrypted into the page: nothing is kept until its first code."""
    return secrets.encrypt(f"{person.pk} {int(clock.now().timestamp())} {secret}")


def _opened(sealed: str, person: Person) -> str:
    """The key of this person's page, if it is not too old; else nothing."""
    from cryptography.fernet import InvalidToken

    try:
        owner, at, secret = secrets.decrypt(sealed).split(" ")
    except (InvalidToken, ValueError):
        return ""
    is_recent = clock.now().timestamp() - int(at) < SETUP_SECONDS
    return secret if owner == str(person.pk) and is_recent else ""
