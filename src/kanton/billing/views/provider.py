"""The built-in test provider's page, and the address at which providers report."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from kanton.billing.actions import take_in
from kanton.billing.checkout import checkout_of
from kanton.billing.errors import BadCallback
from kanton.billing.models import Payment
from kanton.billing.payments.contract import Outcome, PaymentProvider, provider_called
from kanton.billing.payments.test_provider import TestProvider, TestWallet, approve, decide
from kanton.core.actor import System
from kanton.ui.hx import finished


@csrf_exempt
@require_POST
def callback(request: HttpRequest, provider: str) -> HttpResponse:
    """A provider's message. Verified by its signature; the same one again is answered the same and does nothing."""
    known = _provider(provider)
    try:
        message = known.read_callback(dict(request.headers), request.body)
    except BadCallback as error:
        return JsonResponse({"error": error.code}, status=400)
    take_in(System(provider), provider, message)
    return HttpResponse(status=204)


@never_cache
@require_http_methods(["GET", "POST"])
def test_page(request: HttpRequest, key: str) -> HttpResponse:
    """The test provider's own page: the payer chooses how the payment ends. Whoever has the link may pay."""
    payment = (
        Payment.objects.filter(provider__in=(TestProvider.code, TestWallet.code), key=key)
        .select_related("organization", "invoice")
        .first()
    )
    if payment is None or not (known := _provider(payment.provider)).is_offered:
        raise Http404
    checkout = checkout_of(payment)
    if request.method == "GET":
        is_wallet = known.code == TestWallet.code
        context = {"payment": payment, "checkout": checkout, "is_wallet": is_wallet}
        return render(request, "billing/test_provider.html", context)
    back = reverse("billing:payment", args=[payment.organization.slug, payment.key])
    choice = request.POST.get("outcome", "")
    if choice == "approve" and known.code == TestWallet.code:
        approve(payment.key, payment.amount)
    if choice in ("silence", "approve"):
        return HttpResponseRedirect(back, status=303)
    outcomes = {"success": Outcome.SUCCEEDED, "twice": Outcome.SUCCEEDED, "decline": Outcome.DECLINED}
    if choice not in outcomes:
        return finished(request, _("Choose one of the buttons."), to=request.path, kind="failed")
    messages = decide(payment.key, payment.amount, outcomes[choice])
    for headers, body in messages * (2 if choice == "twice" else 1):
        take_in(System(known.code), known.code, known.read_callback(headers, body))
    return HttpResponseRedirect(back, status=303)


def _provider(code: str) -> PaymentProvider:
    try:
        return provider_called(code)
    except KeyError:
        raise Http404 from None
