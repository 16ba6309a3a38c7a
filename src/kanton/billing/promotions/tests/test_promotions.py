"""Codes and grants: the stacking rules, in the cart and in the order (BIL-18, BIL-32…44)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client

from kanton.accounts.models import Person
from kanton.billing import proof
from kanton.billing.actions import add_to_cart, cancel_order, open_cart, order_cart
from kanton.billing.models import Cart, CartLine, Invoice, Order
from kanton.billing.promotions.actions import (
    apply_code,
    choose_grant,
    choose_method,
    issue_code,
    issue_grant,
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
)
from kanton.billing.promotions.models import CodeUse, FreeGrant, PromoCode
from kanton.billing.quotes import Quote, cart_items, quote
from kanton.billing.tests.conftest import make_plan
from kanton.catalog.models import Plan
from kanton.config import overriding
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.errors import Forbidden, TooMany
from kanton.core.money import Money
from kanton.organizations.models import Organization

pytestmark = pytest.mark.django_db


@pytest.fixture
def kites(db: None) -> Plan:
    """CHF 50 a year."""
    return make_plan()


def cart_of(actor: Actor, plan: Plan, *names: str, method: str = "transfer") -> Cart:
    cart, _secret = open_cart(actor, None)
    for name in names or ("red",):
        add_to_cart(actor, cart, plan=plan.code, months=12, options={"name": name})
    return cart


def priced(cart: Cart, organization: Organization) -> Quote:
    return quote(cart_items(cart), organization.currency, organization)


def nets(cart: Cart, organization: Organization) -> list[str]:
    return [str(line.price.net) if line.price else "-" for line in priced(cart, organization).lines]


def code(staff: Actor, name: str = "SPRING27", **fields: object) -> PromoCode:
    values: dict[str, object] = {"product": "kites", "percentage": Decimal("33.33")} | fields
    if "off" in fields:
        values["percentage"] = None
    return issue_code(staff, None, code=name, **values)  # type: ignore[arg-type]


@pytest.mark.spec("BIL-32", "BIL-33", "BIL-34", "BIL-36", "BIL-39", "BIL-41", "BIL-44")
def test_codes_are_applied_one_by_one_each_to_a_line_of_its_own(
    staff: Actor, owner: Actor, acme: Organization, kites: Plan
) -> None:
    other = make_plan("glider", prices={("CHF", 12): Money.of("80", "CHF")})
    with pytest.raises(Forbidden):
        code(owner)
    code(staff)
    code(staff, "TAKE10", off=Money.of("10", "CHF"), plan="kite")
    code(staff, "EURO10", off=Money.of("10", "EUR"))
    code(staff, "GLIDER", plan="glider", percentage=Decimal(100))
    code(staff, "ELSEWHERE", product="mail")
    with pytest.raises(CodeTaken):
        code(staff, "spring 27")
    cart = cart_of(owner, kites, "red", "blue")
    with pytest.raises(MethodFirst):
        apply_code(owner, acme, cart=cart, code="SPRING27")
    choose_method(owner, acme, cart=cart, method="transfer")
    # A third off 50.00, rounded half-up on the line; the next code goes to the next line.
    apply_code(owner, acme, cart=cart, code=" spring27 ")
    assert nets(cart, acme) == ["CHF 33.34", "CHF 50.00"]
    for name, error in (
        ("SPRING27", CodeInCart), ("NOTHING1", CodeUnknown), ("EURO10", CodeCurrency), ("GLIDER", CodeForOther),
        ("ELSEWHERE", CodeForOther),
    ):  # fmt: skip
        with pytest.raises(error):
            apply_code(owner, acme, cart=cart, code=name)
    assert nets(cart, acme) == ["CHF 33.34", "CHF 50.00"]
    apply_code(owner, acme, cart=cart, code="TAKE10")
    assert nets(cart, acme) == ["CHF 33.34", "CHF 40.00"]
    code(staff, "THIRD1")
    with pytest.raises(LineHasCode):
        apply_code(owner, acme, cart=cart, code="THIRD1")
    add_to_cart(owner, cart, plan=other.code, months=12, options={"name": "wing"})
    apply_code(owner, acme, cart=cart, code="GLIDER")
    found = priced(cart, acme)
    assert [str(line.price.full) for line in found.lines if line.price] == [
        "CHF 50.00",
        "CHF 50.00",
        "CHF 80.00",
    ]
    assert nets(cart, acme)[2] == "CHF 0.00"
    order = order_cart(owner, acme, cart=cart, expected_total=found.totals.total)
    lines = list(Invoice.objects.get(order=order).lines.order_by("position"))
    assert [(each.discounts, each.net_minor) for each in lines] == [
        ([{"label": "SPRING27", "minor": 1666}], 3334),
        ([{"label": "TAKE10", "minor": 1000}], 4000),
        ([{"label": "GLIDER", "minor": 8000}], 0),
    ]
    assert CodeUse.objects.filter(released_at=None).count() == 3


@pytest.mark.spec("BIL-43")
def test_a_single_use_goes_to_the_order_placed_first_and_comes_back(
    staff: Actor, owner: Actor, stranger: Actor, acme: Organization, globex: Organization, kites: Plan
) -> None:
    code(staff, "ONLYONE", most_uses=1)
    first, second = cart_of(owner, kites, "red"), cart_of(stranger, kites, "blue")
    for actor, organization, cart in ((owner, acme, first), (stranger, globex, second)):
        choose_method(actor, organization, cart=cart, method="prepaid")
        apply_code(actor, organization, cart=cart, code="ONLYONE")
    order = order_cart(owner, acme, cart=first)
    with pytest.raises(CodeUsed):
        order_cart(stranger, globex, cart=second)
    assert Order.objects.count() == 1 and second.lines.count() == 1
    cancel_order(owner, order)
    assert str(order_cart(stranger, globex, cart=second).invoice.net) == "CHF 33.34"
    assert PromoCode.objects.get().uses.filter(released_at=None).count() == 1


@pytest.mark.spec("BIL-42")
def test_a_code_over_everything_needs_no_payment(
    staff: Actor, owner: Actor, acme: Organization, kites: Plan
) -> None:
    code(staff, "GIFT2027", percentage=Decimal(100))
    cart = cart_of(owner, kites)
    choose_method(owner, acme, cart=cart, method="transfer")
    apply_code(owner, acme, cart=cart, code="GIFT2027")
    order = order_cart(owner, acme, cart=cart)
    assert (order.invoice.status, str(order.invoice.total)) == ("paid", "CHF 0.00")
    assert order.invoice.number and proof.problems() == []


@pytest.mark.spec("BIL-18", "BIL-37", "BIL-38", "BIL-40")
def test_a_grant_is_for_one_organization_and_one_product(
    staff: Actor, owner: Actor, stranger: Actor, acme: Organization, globex: Organization, kites: Plan
) -> None:
    grant = issue_grant(staff, acme, product="kites")
    other = issue_grant(staff, acme, product="mail")
    code(staff)
    cart = cart_of(owner, kites)
    line = cart.lines.get().pk
    choose_method(owner, acme, cart=cart, method="transfer")
    apply_code(owner, acme, cart=cart, code="SPRING27")
    with pytest.raises(GrantNotHere):
        choose_grant(owner, acme, cart=cart, line=line, grant=other.pk)
    choose_grant(owner, acme, cart=cart, line=line, grant=grant.pk)  # in place of the code
    assert nets(cart, acme) == ["CHF 0.00"]
    with pytest.raises(LineHasGrant):
        apply_code(owner, acme, cart=cart, code="SPRING27")
    choose_grant(owner, acme, cart=cart, line=line, grant=None)
    assert nets(cart, acme) == ["CHF 50.00"]
    choose_grant(owner, acme, cart=cart, line=line, grant=grant.pk)
    theirs = cart_of(stranger, kites)
    with pytest.raises(GrantNotHere):
        choose_grant(stranger, globex, cart=theirs, line=theirs.lines.get().pk, grant=grant.pk)
    order = order_cart(owner, acme, cart=cart)
    assert order.invoice.status == "paid" and FreeGrant.objects.get(pk=grant.pk).line is not None
    again = cart_of(owner, kites, "blue")
    with pytest.raises(GrantNotHere):
        choose_grant(owner, acme, cart=again, line=again.lines.get().pk, grant=grant.pk)
    withdraw_grant(staff, other)


@pytest.mark.spec("BIL-32")
def test_what_does_not_hold_gives_nothing_and_guessing_is_limited(
    staff: Actor, owner: Actor, acme: Organization, globex: Organization, kites: Plan
) -> None:
    code(staff, "OLDCODE", valid_until=clock.today())
    code(staff, "THEIRS1", organization=globex)
    made = code(staff, "GONESOON")
    cart = cart_of(owner, kites)
    choose_method(owner, acme, cart=cart, method="transfer")
    with pytest.raises(CodeUnknown):
        apply_code(owner, acme, cart=cart, code="THEIRS1")
    apply_code(owner, acme, cart=cart, code="GONESOON")
    withdraw_code(staff, made)
    assert nets(cart, acme) == ["CHF 50.00"]
    with clock.travel(clock.now() + timedelta(days=2)), pytest.raises(CodeUnknown):
        apply_code(owner, acme, cart=cart, code="OLDCODE")
    with pytest.raises(TooMany):
        for number in range(30):
            with pytest.raises(CodeUnknown):
                apply_code(owner, acme, cart=cart, code=f"GUESS{number}")


@pytest.mark.spec("BIL-33", "BIL-44")
def test_the_pages(ana: Person, sam: Person, acme: Organization, kites: Plan, owner: Actor) -> None:
    staff = Client()
    staff.force_login(sam)
    sent = {"code": "SPRING27", "offer": "kites:", "percentage": "50", "currency": "CHF"}
    assert staff.post("/staff/promotions/codes/new", sent).status_code == 303
    assert staff.post("/staff/promotions/codes/new", sent | {"off": "3"}).status_code == 422
    assert (
        staff.post(
            "/staff/promotions/grants/new", {"organization": "acme", "offer": "kites:kite"}
        ).status_code
        == 303
    )
    text = staff.get("/staff/promotions").content.decode()
    assert "SPRING27" in text and "Acme" in text
    client = Client()
    client.force_login(ana)
    with overriding(demo=True):
        client.post(f"/o/acme/shop/offers/{kites.code}", {"name": "red", "months": "12", "quantity": "1"})
        line = CartLine.objects.get()
        text = client.get("/o/acme/cart").content.decode()
        assert "once a payment method is chosen" in text and text.count(" disabled") >= 2
        client.post("/o/acme/cart/code", {"code": "SPRING27"})
        assert nets(line.cart, acme) == ["CHF 50.00"]
        client.post("/o/acme/cart/method", {"method": "test"})
        assert "once a payment method is chosen" not in client.get("/o/acme/cart").content.decode()
        client.post("/o/acme/cart/code", {"code": "SPRING27"})
        text = client.get("/o/acme/cart").content.decode().replace("\xa0", " ")
        # The discounted price, and beside it what a renewal will cost.
        assert "CHF 25.00" in text and "then CHF 50.00 per year" in text
        grant = FreeGrant.objects.get()
        client.post(f"/o/acme/cart/{line.pk}/grant", {"grant": str(grant.pk)})
        assert nets(line.cart, acme) == ["CHF 0.00"]
    assert staff.post(f"/staff/promotions/codes/{PromoCode.objects.get().pk}/withdraw").status_code == 303
    assert staff.post(f"/staff/promotions/grants/{grant.pk}/withdraw").status_code == 303
    assert client.get("/staff/promotions").status_code == 404
