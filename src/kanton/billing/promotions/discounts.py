"""What codes and grants do to prices and orders. Called by the shop through its port."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from kanton.billing.models import CartLine, Invoice, InvoiceLine, Order, OrderLine
from kanton.billing.pricing import Discount, Fixed, Percent
from kanton.billing.promotions.errors import CodeUsed
from kanton.billing.promotions.models import CartPromotion, CodeUse, FreeGrant, PromoCode
from kanton.billing.quotes import Quote
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.organizations.models import Organization


def discounts_of(
    lines: Sequence[CartLine], currency: str, organization: Organization, day: date
) -> Mapping[int, Sequence[Discount]]:
    """The discounts of cart lines by their number. What does not hold any more gives nothing. One query."""
    found: dict[int, Sequence[Discount]] = {}
    promotions = CartPromotion.objects.filter(line__in=[line.pk for line in lines]).select_related(
        "code", "grant"
    )
    for each in promotions:
        discount = _discount(each, currency, organization, day)
        if discount is not None:
            found[each.line_id] = (discount,)
    return found


def _discount(
    promotion: CartPromotion, currency: str, organization: Organization, day: date
) -> Discount | None:
    code, grant = promotion.code, promotion.grant
    if grant is not None:
        holds = (
            grant.organization_id == organization.pk
            and grant.line_id is None
            and grant.withdrawn_at is None
            and (grant.valid_until is None or day <= grant.valid_until)
        )
        return Percent(Decimal(100), _("Free grant")) if holds else None
    if code is None or not code.holds_on(day) or code.organization_id not in (None, organization.pk):
        return None
    discount = code.discount
    return None if isinstance(discount, Fixed) and discount.off.currency != currency else discount


def reserve(actor: Actor, order: Order, lines: Sequence[OrderLine], offered: Quote) -> None:
    """The order uses its codes and grants, or is refused: whoever orders first has them (BIL-43)."""
    by_cart_line = {
        quoted.item.cart_line.pk: line
        for line, quoted in zip(lines, offered.lines, strict=True)
        if quoted.item.cart_line is not None and quoted.price is not None and quoted.price.discounts
    }
    promotions = CartPromotion.objects.filter(line__in=by_cart_line).order_by("code_id", "grant_id")
    for each in promotions:
        line = by_cart_line[each.line_id]
        if each.code_id is not None:
            use(each.code_id, order=order, line=line)
        elif each.grant_id is not None:
            free = FreeGrant.objects.filter(pk=each.grant_id, line=None, withdrawn_at=None)
            if not free.update(line=line):
                raise CodeUsed(code=_("Free grant"))


def use(
    code_id: int,
    *,
    order: Order | None = None,
    line: OrderLine | None = None,
    renewal: InvoiceLine | None = None,
) -> CodeUse:
    """Reserve one use of a code, for a line of an order or of a bill for renewals; refused when none is left."""
    code = PromoCode.objects.select_for_update().get(pk=code_id)
    taken = set(CodeUse.objects.filter(code=code, released_at=None).values_list("number", flat=True))
    number = next(number for number in range(1, len(taken) + 2) if number not in taken)
    if not code.holds_on(clock.today()) or (code.most_uses is not None and number > code.most_uses):
        raise CodeUsed(code=code.code)
    return CodeUse.objects.create(code=code, number=number, order=order, line=line, renewal=renewal)


def give_back(order: Order) -> None:
    """A cancelled order gives its codes and grants back (BIL-43)."""
    CodeUse.objects.filter(order=order, released_at=None).update(released_at=clock.now())
    FreeGrant.objects.filter(line__order=order).update(line=None)


def withdrawn(actor: Actor, invoice: Invoice) -> None:
    """A bill for renewals that nobody paid gives its codes back."""
    CodeUse.objects.filter(renewal__invoice=invoice, released_at=None).update(released_at=clock.now())
