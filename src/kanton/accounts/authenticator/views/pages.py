"""The account's own pages about the Authenticator: linking phones, removing them, and when it was not you."""

from __future__ import annotations

import time
from urllib.parse import urlencode

from allauth.account.internal.flows.login import get_authentication_records
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from kanton.accounts import second_factor
from kanton.accounts.authenticator.actions import (
    METHOD,
    NewLinkCode,
    authorize_this_phone,
    remove_authenticator,
    show_link_code,
)
from kanton.accounts.authenticator.models import LinkCode
from kanton.accounts.authenticator.qr import qr_svg
from kanton.accounts.authenticator.queries import authenticator_of, authenticators_of
from kanton.accounts.factors.errors import SecondStepNeeded
from kanton.accounts.factors.views.manage import is_proven, show_codes_or_finish
from kanton.accounts.reauthentication import is_fresh, proven_again
from kanton.accounts.web import AccountRequest, signed_in
from kanton.config import config
from kanton.core import clock
from kanton.core.parity import shows
from kanton.ui.forms import Form, carry_out
from kanton.ui.hx import finished, is_htmx

FRESH = 300  # seconds


@never_cache
@signed_in
@require_http_methods(["GET", "POST"])
@proven_again
@shows(authenticators_of)
def set_up(request: AccountRequest) -> HttpResponse:
    """The linked phones, and how to link one more from this computer (ACC-86)."""

    def then(made: NewLinkCode) -> HttpResponse:
        # Not a redirect: the code is on this answer only, and nowhere else.
        return render(request, "authenticator/code.html", {"made": made, "qr": qr_svg(made.address)})

    address = f"{config.web.address}{reverse('authenticator:app')}"
    return carry_out(
        request,
        Form(request.POST if request.method == "POST" else None),
        show_link_code,
        request.user,
        page="authenticator/set_up.html",
        partial="authenticator/set_up.html",
        then=then,
        context={
            "devices": list(authenticators_of(request.actor)),
            "app_address": address,
            "app_qr": qr_svg(address),
        },
    )


@never_cache
@signed_in
@require_GET
def linking(request: AccountRequest, number: int) -> HttpResponse:
    """Watches whether the phone has used the code; then shows the backup codes if it was the first method."""
    link = LinkCode.objects.select_related("device").filter(person=request.user, pk=number).first()
    if link is not None and link.device is not None:
        if is_htmx(request):
            return HttpResponse(status=204, headers={"HX-Redirect": request.path})
        codes = link.backup_codes.split() if link.is_fresh and is_fresh(request, request.user) else []
        text = _("“%(device)s” is linked and can approve your sign-ins.") % {"device": link.device.name}
        return show_codes_or_finish(request, codes, text)
    if not is_htmx(request):
        return HttpResponseRedirect(reverse("authenticator:set_up"))
    context = {"link": link, "is_over": link is None or clock.now() >= link.expires_at}
    return render(request, "authenticator/_linking.html", context)


@never_cache
@signed_in
@require_http_methods(["GET", "POST"])
@proven_again
def remove(request: AccountRequest, device: str) -> HttpResponse:
    """Remove a phone; says beforehand when that turns two-factor authentication off (ACC-91, ACC-92)."""
    phone, person = authenticator_of(request.actor, device), request.user
    others = [one for one in second_factor.methods_of(person) if not one.is_backup and one.code != METHOD]
    is_last = not others and authenticators_of(request.actor).count() == 1
    context = {
        "device": phone,
        "is_last": is_last,
        "enforced_by": second_factor.enforced_by(person) if is_last else [],
        "needs_step": is_last and not is_proven(request, person),
    }
    try:
        return carry_out(
            request,
            Form(request.POST if request.method == "POST" else None),
            lambda actor: remove_authenticator(actor, phone, is_proven=is_proven(request, person)),
            page="authenticator/remove.html",
            partial="authenticator/_remove_form.html",
            then=lambda _nothing: finished(
                request,
                _("“%(device)s” is removed. It is told, and its entry disappears.") % {"device": phone.name},
                to=reverse("factors:page"),
            ),
            context=context,
        )
    except SecondStepNeeded as error:
        form = Form(request.POST)
        form.is_valid()
        form.add_domain_error(error)
        return render(request, "authenticator/remove.html", {**context, "form": form}, status=422)


@never_cache
@signed_in
@require_http_methods(["GET", "POST"])
def authorize(request: AccountRequest) -> HttpResponse:
    """On the phone, after signing in there: hand a code to the app (ACC-85). Later, one proves oneself again first."""
    if not (_has_just_signed_in(request) or is_fresh(request, request.user)):
        return HttpResponseRedirect(f"{reverse('accounts:again')}?{urlencode({'next': request.path})}")

    def then(made: NewLinkCode) -> HttpResponse:
        return HttpResponseRedirect(f"{reverse('authenticator:app')}#link={made.code}", status=303)

    return carry_out(
        request,
        Form(request.POST if request.method == "POST" else None),
        authorize_this_phone,
        request.user,
        page="authenticator/authorize.html",
        partial="authenticator/authorize.html",
        then=then,
    )


def _has_just_signed_in(request: AccountRequest) -> bool:
    """Within five minutes, with whatever second factor there is."""
    proofs = get_authentication_records(request, request.user)
    return any(time.time() - proof["at"] < FRESH for proof in proofs if proof.get("type") != "set-up")


def box(request: HttpRequest) -> str:
    """The box of the 2FA page."""
    devices = list(authenticators_of(request.actor))  # type: ignore[attr-defined]
    return render_to_string("authenticator/_box.html", {"devices": devices}, request=request)
