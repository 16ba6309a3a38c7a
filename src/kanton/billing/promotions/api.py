"""The API of promo codes and free grants: in a cart, and for the staff."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import Field, model_validator
from typing_extensions import TypedDict

from kanton.accounts.web import require_staff
from kanton.billing import queries as billing_queries
from kanton.billing.api import BUY, INVOICING, PAY, invoice_out
from kanton.billing.errors import AlreadyPaid, NotInCart, NotPayable, UnknownMethod
from kanton.billing.models import Cart
from kanton.billing.promotions import queries
from kanton.billing.promotions.actions import (
    apply_code,
    choose_grant,
    choose_method,
    issue_code,
    issue_grant,
    use_code_on_renewal,
    withdraw_code,
    withdraw_grant,
)
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
from kanton.billing.promotions.models import FreeGrant, PromoCode
from kanton.billing.renewals.errors import RenewalInPayment
from kanton.billing.schemas import Day, InvoiceOut, MoneyIn, Secret
from kanton.core.api import ApiRequest, Body, Id, Lists, MoneyOut, Router, Rows, money_out
from kanton.core.errors import NotFound
from kanton.core.money import Money
from kanton.core.parity import exposes
from kanton.core.query import get_or_not_found
from kanton.organizations.models import Organization
from kanton.organizations.queries import organization_by_id

router = Router("Cart and orders")
CART = "/1/order/{account}/cart"
STAFF_SCOPES = ("staff",)


class PromotionsIn(Body):
    """Which cart."""

    cart: Secret


class MethodIn(PromotionsIn):
    """How the cart will be paid."""

    method: Annotated[str, Field(min_length=1, max_length=40)]


class CodeUseIn(PromotionsIn):
    """A promo code."""

    code: Annotated[str, Field(min_length=1, max_length=80)]


class GrantUseIn(PromotionsIn):
    """A free grant for a line of the cart; null takes away what the line has."""

    line: Id
    grant: Id | None = None


class GrantChoiceOut(TypedDict):
    """A line with the free grants that fit it."""

    line: int
    grants: list[int]
    chosen: int | None


class UsedCodeOut(TypedDict):
    """A code and its line."""

    code: str
    line: int


class PromotionsOut(TypedDict):
    """Payment method, codes and grants of a cart."""

    method: str | None
    codes: list[UsedCodeOut]
    grants: list[GrantChoiceOut]


class NewCodeIn(Body):
    """A promo code: a percentage, or an amount."""

    code: Annotated[str, Field(min_length=6, max_length=40)]
    product: Annotated[str, Field(min_length=1, max_length=40)]
    plan: Annotated[str, Field(max_length=60)] = ""
    percentage: Annotated[Decimal, Field(gt=0, le=100, decimal_places=2)] | None = None
    off: MoneyIn | None = None
    account_id: Id | None = None
    most_uses: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    valid_until: date | None = None
    is_for_renewals: bool = False

    @model_validator(mode="after")
    def _one_of_two(self) -> NewCodeIn:
        if (self.percentage is None) == (self.off is None):
            raise ValueError("give a percentage or an amount")
        if self.off is not None and not self.off.money:
            raise ValueError("an amount is more than nothing")
        return self


class NewGrantIn(Body):
    """A free grant."""

    account_id: Id
    product: Annotated[str, Field(min_length=1, max_length=40)]
    plan: Annotated[str, Field(max_length=60)] = ""
    valid_until: date | None = None


class CodeOut(TypedDict):
    """A promo code."""

    id: int
    code: str
    product: str
    plan: str
    account_id: int | None
    percentage: str | None
    off: MoneyOut | None
    used: int
    most_uses: int | None
    valid_until: Day | None
    is_for_renewals: bool
    is_withdrawn: bool


class GrantOut(TypedDict):
    """A free grant."""

    id: int
    account_id: int
    product: str
    plan: str
    valid_until: Day | None
    is_used: bool
    is_withdrawn: bool


def _cart(request: ApiRequest, account: int, secret: str) -> tuple[Organization, Cart]:
    organization = organization_by_id(request.actor, account)
    cart = billing_queries.cart_by_secret(secret)
    if cart is None:
        raise NotFound(model="cart")
    return organization, cart


def _out(request: ApiRequest, organization: Organization, cart: Cart) -> PromotionsOut:
    box = queries.cart_promotions(request.actor, organization, cart)
    return {
        "method": box.method or None,
        "codes": [{"code": each.code.code, "line": each.line_id} for each in box.codes if each.code],
        "grants": [
            {"line": each.line, "grants": [grant.pk for grant in each.grants], "chosen": each.chosen}
            for each in box.grants
        ],
    }


@router.post(CART + "/promotions", scopes=BUY, example={"cart": "the secret of the cart"})
@exposes(queries.cart_promotions)
def read_promotions(request: ApiRequest, account: int, data: PromotionsIn) -> PromotionsOut:
    """Tell payment method, codes and free grants of a cart. A POST, so that its secret stands in no address."""
    return _out(request, *_cart(request, account, data.cart))


@router.put(
    CART + "/method",
    scopes=BUY,
    errors=(UnknownMethod,),
    example={"cart": "the secret", "method": "transfer"},
)
@exposes(choose_method)
def put_method(request: ApiRequest, account: int, data: MethodIn) -> PromotionsOut:
    """Choose how a cart will be paid. Codes can be applied after that."""
    organization, cart = _cart(request, account, data.cart)
    choose_method(request.actor, organization, cart=cart, method=data.method)
    return _out(request, organization, cart)


@router.post(
    CART + "/code",
    scopes=BUY,
    errors=(
        MethodFirst,
        CodeUnknown,
        CodeUsed,
        CodeForOther,
        CodeInCart,
        CodeCurrency,
        LineHasCode,
        LineHasGrant,
    ),
    example={"cart": "the secret", "code": "SPRING27"},
)
@exposes(apply_code)
def create_code_use(request: ApiRequest, account: int, data: CodeUseIn) -> PromotionsOut:
    """Apply a promo code to the first line of the cart that it fits. The price of the cart tells the discount."""
    organization, cart = _cart(request, account, data.cart)
    apply_code(request.actor, organization, cart=cart, code=data.code)
    return _out(request, organization, cart)


@router.put(
    CART + "/grant",
    scopes=BUY,
    errors=(GrantNotHere, NotInCart),
    example={"cart": "the secret", "line": 1, "grant": 1},
)
@exposes(choose_grant)
def put_grant(request: ApiRequest, account: int, data: GrantUseIn) -> PromotionsOut:
    """Use a free grant for a line, in place of its code; with `grant` null, take away what the line has."""
    organization, cart = _cart(request, account, data.cart)
    choose_grant(request.actor, organization, cart=cart, line=data.line, grant=data.grant)
    return _out(request, organization, cart)


class RenewalCodeIn(Body):
    """A promo code that was issued for renewals."""

    code: Annotated[str, Field(min_length=1, max_length=80)]


@router.post(
    INVOICING + "/invoice/{invoice}/code",
    scopes=PAY,
    errors=(
        CodeUnknown,
        CodeUsed,
        CodeForOther,
        CodeInCart,
        CodeCurrency,
        LineHasCode,
        NotForRenewals,
        OnlyOnRenewals,
        RenewalInPayment,
        AlreadyPaid,
        NotPayable,
    ),
    example={"code": "STAY2027"},
)
@exposes(use_code_on_renewal)
def create_renewal_code(request: ApiRequest, account: int, invoice: int, data: RenewalCodeIn) -> InvoiceOut:
    """Use a promo code on the open invoice of a renewal. Only codes that were issued for renewals can be used so."""
    found = billing_queries.invoice_of(request.actor, organization_by_id(request.actor, account), invoice)
    return invoice_out(use_code_on_renewal(request.actor, found, code=data.code))


# --- for the staff ----------------------------------------------------------------------------------------------


def _code_out(code: PromoCode) -> CodeOut:
    return {
        "id": code.pk,
        "code": code.code,
        "product": code.product,
        "plan": code.plan,
        "account_id": code.organization_id,
        "percentage": str(code.percentage) if code.percentage is not None else None,
        "off": money_out(Money(code.off_minor, code.currency)) if code.off_minor is not None else None,
        "used": int(getattr(code, "used", 0)),
        "most_uses": code.most_uses,
        "valid_until": code.valid_until.isoformat() if code.valid_until else None,
        "is_for_renewals": code.is_for_renewals,
        "is_withdrawn": code.withdrawn_at is not None,
    }


def _grant_out(grant: FreeGrant) -> GrantOut:
    return {
        "id": grant.pk,
        "account_id": grant.organization_id,
        "product": grant.product,
        "plan": grant.plan,
        "valid_until": grant.valid_until.isoformat() if grant.valid_until else None,
        "is_used": grant.line_id is not None,
        "is_withdrawn": grant.withdrawn_at is not None,
    }


LISTS = Lists(order={"id": "pk"}, default="-id", always_paged=True)


@router.get("/2/staff/promo-codes", scopes=STAFF_SCOPES, lists=LISTS)
@exposes(queries.codes_issued)
def list_codes(request: ApiRequest) -> Rows[CodeOut]:
    """List promo codes with how often they were used, the newest first. For the provider’s staff."""
    return Rows(queries.codes_issued(request.actor), _code_out)


@router.post(
    "/2/staff/promo-codes",
    scopes=STAFF_SCOPES,
    status=201,
    errors=(CodeTaken,),
    example={"code": "SPRING27", "product": "domains", "percentage": "20"},
)
@exposes(issue_code)
def create_code(request: ApiRequest, data: NewCodeIn) -> CodeOut:
    """Issue a promo code: a percentage, or a fixed amount in one currency. For the provider’s staff."""
    require_staff(request.actor)
    values = data.model_dump(exclude={"account_id", "off"})
    return _code_out(
        issue_code(
            request.actor,
            None,
            off=data.off.money if data.off else None,
            organization=get_or_not_found(Organization.objects.all(), pk=data.account_id)
            if data.account_id
            else None,
            **values,
        )
    )


@router.delete("/2/staff/promo-codes/{code}", scopes=STAFF_SCOPES)
@exposes(withdraw_code)
def remove_code(request: ApiRequest, code: int) -> CodeOut:
    """Withdraw a promo code: nobody can use it any more. For the provider’s staff."""
    return _code_out(
        withdraw_code(request.actor, get_or_not_found(queries.codes_issued(request.actor), pk=code))
    )


@router.get("/2/staff/free-grants", scopes=STAFF_SCOPES, lists=LISTS)
@exposes(queries.grants_issued)
def list_grants(request: ApiRequest) -> Rows[GrantOut]:
    """List free grants, the newest first. For the provider’s staff."""
    return Rows(queries.grants_issued(request.actor), _grant_out)


@router.post(
    "/2/staff/free-grants", scopes=STAFF_SCOPES, status=201, example={"account_id": 1, "product": "domains"}
)
@exposes(issue_grant)
def create_grant(request: ApiRequest, data: NewGrantIn) -> GrantOut:
    """Issue a free grant: one product for nothing, for one organization. For the provider’s staff."""
    require_staff(request.actor)
    organization = get_or_not_found(Organization.objects.all(), pk=data.account_id)
    return _grant_out(
        issue_grant(
            request.actor, organization, product=data.product, plan=data.plan, valid_until=data.valid_until
        )
    )


@router.delete("/2/staff/free-grants/{grant}", scopes=STAFF_SCOPES)
@exposes(withdraw_grant)
def remove_grant(request: ApiRequest, grant: int) -> GrantOut:
    """Withdraw a free grant that is not used yet. For the provider’s staff."""
    return _grant_out(
        withdraw_grant(request.actor, get_or_not_found(queries.grants_issued(request.actor), pk=grant))
    )
