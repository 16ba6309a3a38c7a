"""Issuing codes and grants (staff), and using them in a cart (BIL-32…44)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from kanton.billing.errors import NotInCart, UnknownMethod
from kanton.billing.forms import TRANSFER
from kanton.billing.invoicing import reprice_line
from kanton.billing.models import Cart, CartLine, Invoice, PaymentState
from kanton.billing.payments.contract import providers_for
from kanton.billing.promotions.activity import Happened
from kanton.billing.promotions.discounts import use
from kanton.billing.promotions.errors import (
    CodeCurrency,
    CodeForOther,
    CodeInCart,
    CodeTaken,
    CodeUnknown,
    CodeUsed,
    GrantNotHere,
    LineHasCode,
    LineHasGrant,
    MethodFirst,
    NotForRenewals,
    OnlyOnRenewals,
)
from kanton.billing.promotions.models import CartMethod, CartPromotion, CodeUse, FreeGrant, PromoCode
from kanton.billing.promotions.queries import grants_for, offer_name
from kanton.billing.renewals.errors import RenewalInPayment
from kanton.billing.renewals.models import Renewal, RenewalState
from kanton.billing.settling import PREPAID, locked_open, release_pending, settle_invoice
from kanton.core import clock, throttle
from kanton.core.action import action, note_cost, record
from kanton.core.actor import Actor
from kanton.core.money import Money
from kanton.core.rights import STAFF
from kanton.organizations.models import Organization
from kanton.organizations.rights import ACCOUNTING, ORDER

GUESSES, GUESS_TIME = 20, timedelta(hours=1)


@action(right=STAFF)
def issue_code(
    actor: Actor,
    target: None,
    *,
    code: str,
    product: str,
    plan: str = "",
    percentage: Decimal | None = None,
    off: Money | None = None,
    organization: Organization | None = None,
    most_uses: int | None = None,
    valid_until: date | None = None,
    is_for_renewals: bool = False,
) -> PromoCode:
    """Issue a promo code: a percentage, or a fixed amount in one currency. It exists from now on (BIL-32).

    It is for new products; with `is_for_renewals` it can be used on a renewal too (BIL-35).
    """
    try:
        with transaction.atomic():
            made = PromoCode.objects.create(
                code=normal(code),
                product=product,
                plan=plan,
                percentage=percentage,
                off_minor=off.minor if off else None,
                currency=off.currency if off else "",
                organization=organization,
                most_uses=most_uses,
                valid_until=valid_until,
                is_for_renewals=is_for_renewals,
                issued_by_id=actor.person_id,
            )
    except IntegrityError as error:
        if PromoCode.objects.filter(code=normal(code)).exists():
            raise CodeTaken from error
        raise
    record(actor, Happened.CODE_ISSUED, made, product=offer_name(product, plan))
    return made


@action(right=STAFF)
def withdraw_code(actor: Actor, code: PromoCode) -> PromoCode:
    """Withdraw a code: nobody can use it any more. Orders placed with it keep their price."""
    code.withdrawn_at = code.withdrawn_at or clock.now()
    code.save(update_fields=["withdrawn_at"])
    record(actor, Happened.CODE_WITHDRAWN, code)
    return code


@action(right=STAFF)
def issue_grant(
    actor: Actor, organization: Organization, *, product: str, plan: str = "", valid_until: date | None = None
) -> FreeGrant:
    """Issue a free grant: one product for nothing, for one organization (BIL-38)."""
    made = FreeGrant.objects.create(
        organization=organization,
        product=product,
        plan=plan,
        valid_until=valid_until,
        issued_by_id=actor.person_id,
    )
    record(actor, Happened.GRANT_ISSUED, made, product=offer_name(product, plan))
    return made


@action(right=STAFF)
def withdraw_grant(actor: Actor, grant: FreeGrant) -> FreeGrant:
    """Withdraw a free grant that is not used yet."""
    grant.withdrawn_at = grant.withdrawn_at or clock.now()
    grant.save(update_fields=["withdrawn_at"])
    record(actor, Happened.GRANT_WITHDRAWN, grant, product=offer_name(grant.product, grant.plan))
    return grant


@action(right=ORDER, may_be_silent=True)
def choose_method(actor: Actor, organization: Organization, *, cart: Cart, method: str) -> CartMethod:
    """Choose how the cart will be paid; after that a code can be entered (BIL-33)."""
    if method not in {PREPAID, TRANSFER, *(each.code for each in providers_for(organization.currency))}:
        raise UnknownMethod
    chosen, _is_new = CartMethod.objects.update_or_create(cart=cart, defaults={"method": method})
    return chosen


@action(right=ORDER, may_be_silent=True)
def apply_code(actor: Actor, organization: Organization, *, cart: Cart, code: str) -> CartPromotion:
    """Give a promo code to the first line of the cart that it fits and that has none (BIL-34, BIL-36, BIL-39).

    Guessing is limited, and every code that cannot be used here answers the same.
    """
    if not CartMethod.objects.filter(cart=cart).exists():
        raise MethodFirst
    found = _known(organization, code, organization.currency)
    cart = Cart.objects.select_for_update().get(pk=cart.pk)
    lines = list(cart.lines.select_related("plan"))
    known = {each.line_id: each for each in CartPromotion.objects.filter(line__cart=cart)}
    if any(each.code_id == found.pk for each in known.values()):
        raise CodeInCart
    fitting = [line for line in lines if found.fits(line.plan.product, line.plan.code)]
    if not fitting:
        raise CodeForOther(product=offer_name(found.product, found.plan))
    for line in fitting:
        if line.pk not in known:
            return CartPromotion.objects.create(line=line, code=found)
    raise LineHasGrant if all(known[line.pk].grant_id for line in fitting) else LineHasCode


@action(right=ORDER, may_be_silent=True)
def choose_grant(
    actor: Actor, organization: Organization, *, cart: Cart, line: int, grant: int | None
) -> CartPromotion | None:
    """Use a free grant for a line, in place of its code if it has one; None takes away what the line has (BIL-40)."""
    found = CartLine.objects.select_related("plan").filter(cart=cart, pk=line).first()
    if found is None:
        raise NotInCart
    Cart.objects.select_for_update().get(pk=cart.pk)
    if grant is None:
        CartPromotion.objects.filter(line=found).delete()
        return None
    free = grants_for(organization).filter(pk=grant).first()
    if free is None or not free.fits(found.plan.product, found.plan.code):
        raise GrantNotHere
    # Chosen in another cart or line before: it moves here, and counts for the first order placed.
    CartPromotion.objects.filter(grant=free).delete()
    promotion, _is_new = CartPromotion.objects.update_or_create(
        line=found, defaults={"code": None, "grant": free}
    )
    return promotion


@action(right=ACCOUNTING)
def use_code_on_renewal(actor: Actor, invoice: Invoice, *, code: str) -> Invoice:
    """Take a code off the first line of a renewal's open bill that it fits, if it was issued for renewals (BIL-35).

    A bill that comes to nothing is settled at once. Withdrawing the bill gives the code back.
    """
    invoice = locked_open(invoice)
    if invoice.payments.filter(state=PaymentState.PENDING, expires_at__gt=clock.now()).exists():
        raise RenewalInPayment(name=invoice.label)
    renewals = {
        each.service.order_line: each
        for each in Renewal.objects.filter(invoice=invoice, state=RenewalState.OPEN).select_related("service")
    }
    if not renewals:
        raise OnlyOnRenewals
    found = _known(invoice.organization, code, invoice.currency)
    if not found.is_for_renewals:
        raise NotForRenewals
    lines = [line for line in invoice.lines.order_by("position") if line.service_key in renewals]
    fitting = [line for line in lines if found.fits(line.product, line.plan)]
    if not fitting:
        raise CodeForOther(product=offer_name(found.product, found.plan))
    if CodeUse.objects.filter(code=found, renewal__in=lines, released_at=None).exists():
        raise CodeInCart
    line = next((line for line in fitting if not line.discounts), None)
    if line is None:
        raise LineHasCode
    use(found.pk, renewal=line)
    release_pending(invoice)  # an attempt that has run out was over another amount
    reprice_line(invoice, line, [found.discount])
    renewal = renewals[line.service_key]
    renewal.net_minor = line.net_minor
    renewal.save(update_fields=["net_minor"])
    record(actor, Happened.CODE_USED, invoice, code=found.code)
    note_cost(_("Total with VAT"), invoice.total)
    if not invoice.total:
        settle_invoice(actor, invoice, None)
    return invoice


def _known(organization: Organization, code: str, currency: str) -> PromoCode:
    """The code, if this organization can use it now. Guessing is limited, and tells nothing."""
    throttle.throttle(f"promo-code:{organization.pk}", GUESSES, GUESS_TIME).or_refuse()
    found = PromoCode.objects.filter(code=normal(code)).first()
    if (
        found is None
        or not found.holds_on(clock.today())
        or found.organization_id not in (None, organization.pk)
    ):
        raise CodeUnknown
    if found.currency and found.currency != currency:
        raise CodeCurrency(currency=found.currency)
    used = CodeUse.objects.filter(code=found, released_at=None).count()
    if found.most_uses is not None and used >= found.most_uses:
        raise CodeUsed(code=found.code)
    return found


def normal(code: str) -> str:
    """A code as it is kept: capitals, without blanks."""
    return "".join(code.split()).upper()[:40]
