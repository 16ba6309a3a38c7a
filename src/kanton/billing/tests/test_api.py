"""Shop and accounting over the API: ordered, paid and read as in the console, and nothing more than that."""

from __future__ import annotations

import base64
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kanton.accounts.models import Person
from kanton.billing.actions import confirm_payment, pay_invoice, place_order, top_up
from kanton.billing.models import Cart, Entry, Invoice, Order, Payment
from kanton.billing.quotes import Item
from kanton.billing.tests.conftest import make_plan, order_kites
from kanton.catalog.models import Plan
from kanton.core.actor import Actor, System
from kanton.core.errors import Invalid
from kanton.core.money import Money
from kanton.core.outbox.models import Mail
from kanton.organizations.models import Grant, Membership, Organization
from kanton.rest.testing import ApiClient

pytestmark = pytest.mark.django_db

RED = {"plan": "kite", "months": 12, "options": {"name": "red"}}
CHF_54 = {"amount": "54.05", "currency": "CHF"}


@pytest.fixture
def client(ana: Person) -> ApiClient:
    return ApiClient(ana)


def on(organization: Organization, rest: str = "") -> str:
    """An address of accounting."""
    return f"/1/invoicing/{organization.pk}/{rest}"


def credit(owner: Actor, acme: Organization, amount: str) -> None:
    """Money on the prepaid account."""
    payment = top_up(owner, acme, amount=Money.of(amount, "CHF"), method="test")
    confirm_payment(System("test"), payment, charge=f"ch-{payment.pk}")


# --- ordering -------------------------------------------------------------------------------------------------


@pytest.mark.spec("BIL-20", "API-29")
def test_a_program_orders_and_pays_from_the_prepaid_account(
    client: ApiClient, owner: Actor, acme: Organization, kite: Plan
) -> None:
    credit(owner, acme, "100")
    made = client.post(f"/1/order/{acme.pk}", {"items": [RED], "expected_total": CHF_54}).data
    assert (made["state"], made["net"], made["total"]) == (
        "awaiting_payment",
        {"amount": "50.00", "currency": "CHF"},
        CHF_54,
    )
    assert [(line["plan"], line["name"], line["product_id"]) for line in made["lines"]] == [
        ("kite", "red", None)
    ]
    paid = client.post(on(acme, f"invoice/{made['invoice_id']}/payment"), {"prepaid": CHF_54}).data
    assert (paid["state"], paid["method"], paid["prepaid"], paid["rest"]["amount"]) == (
        "succeeded",
        "prepaid",
        CHF_54,
        "0.00",
    )
    invoice = client.get(on(acme, f"invoice/{made['invoice_id']}")).data
    assert (invoice["status"], invoice["number"], invoice["order_id"]) == (
        "paid",
        invoice["label"],
        made["id"],
    )
    assert client.get(f"/1/order/{acme.pk}/{made['id']}").data["state"] == "being_set_up"
    prepaid = client.get(on(acme, "prepaid")).data
    assert [page["available"]["amount"] for page in prepaid] == ["45.95"]
    entries = client.get(on(acme, "prepaid/CHF/entry/list")).data
    assert [(each["kind"], each["amount"]["amount"]) for each in entries] == [
        ("prepaid_payment", "-54.05"),
        ("top_up", "100.00"),
    ]


@pytest.mark.spec("BIL-22")
def test_another_price_than_the_expected_is_refused(
    client: ApiClient, acme: Organization, kite: Plan
) -> None:
    wrong = {"items": [RED], "expected_total": {"amount": "54.00", "currency": "CHF"}}
    reply = client.post(f"/1/order/{acme.pk}", wrong)
    assert (reply.status, reply.code) == (409, "billing.price_changed")
    euros = {"items": [RED], "expected_total": {"amount": "54.05", "currency": "EUR"}}
    assert client.post(f"/1/order/{acme.pk}", euros).status == 422
    assert not Order.objects.exists()


def test_a_dry_run_tells_price_and_mails_and_orders_nothing(
    client: ApiClient, acme: Organization, kite: Plan
) -> None:
    told = client.post(f"/1/order/{acme.pk}?dry_run=1", {"items": [RED]}).data
    assert [each["amount"] for each in told["price"]] == [CHF_54]
    assert [each["code"] for each in told["changes"]] == ["billing.order_placed"]
    assert told["confirmation"]["token"]
    assert not Order.objects.exists()
    assert not Mail.objects.exists()


@pytest.mark.spec("API-27")
def test_an_order_sent_twice_with_its_key_is_placed_once(
    client: ApiClient, acme: Organization, kite: Plan
) -> None:
    path, body = f"/1/order/{acme.pk}", {"items": [RED]}
    first = client.post(path, body, Idempotency_Key="order-1")
    again = client.post(path, body, Idempotency_Key="order-1")
    assert first.body == again.body
    assert Order.objects.count() == 1
    assert client.post(path, {"items": [RED, RED]}, Idempotency_Key="order-1").status == 409


def test_a_quote_tells_prices_vat_and_problems(client: ApiClient, acme: Organization, kite: Plan) -> None:
    taken = {**RED, "options": {"name": "taken"}}
    told = client.post(f"/1/order/{acme.pk}/quote", {"items": [RED, taken]}).data
    assert [(line["name"], line["net"] and line["net"]["amount"]) for line in told["lines"]] == [
        ("red", "50.00"),
        ("taken", None),
    ]
    assert told["lines"][1]["problem"]
    assert told["is_orderable"] is False
    assert [(each["rate"], each["amount"]["amount"]) for each in told["vat"]] == [("8.1", "4.05")]
    assert told["total"] == CHF_54


def test_what_cannot_be_ordered_is_refused_at_its_field(
    client: ApiClient, acme: Organization, kite: Plan
) -> None:
    path = f"/1/order/{acme.pk}"
    refused: list[tuple[Any, int, str]] = [
        ({"items": []}, 422, "validation_failed"),
        ({"items": [{**RED, "months": 7}]}, 422, "validation_failed"),
        ({"items": [{**RED, "quantity": 11}]}, 422, "validation_failed"),
        ({"items": [{**RED, "quantity": 0}]}, 422, "validation_failed"),
        ({"items": [{**RED, "options": {"name": "taken"}}]}, 422, "validation_failed"),
        ({"items": [{**RED, "options": {"name": "red", "mailboxes": "500"}}]}, 422, "validation_failed"),
        ({"items": [{**RED, "options": {"name": 7}}]}, 422, "validation_failed"),
        ({"items": [{**RED, "plan": "nothing"}]}, 404, "object_not_found"),
        (
            {"items": [RED], "expected_total": {"amount": "54.055", "currency": "CHF"}},
            422,
            "validation_failed",
        ),
        ({"items": [RED], "expected_total": {"amount": 54.05, "currency": "CHF"}}, 422, "validation_failed"),
        ({"items": [RED], "expected_total": {"amount": "-1", "currency": "CHF"}}, 422, "validation_failed"),
        ([], 422, "validation_failed"),
        (b"{", 400, "bad_request"),
    ]
    for body, status, code in refused:
        reply = client.post(path, body)
        assert (reply.status, reply.code) == (status, code), body
    assert not Order.objects.exists()


def test_a_plans_limits_are_not_the_customers_to_say(
    owner: Actor, acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = make_plan(limits={"height": 10})
    order = place_order(
        owner,
        acme,
        items=[Item(plan, 12, options={"name": "red", "height": 999, "quantity": 7, "plan": "other"})],
    )
    assert order.lines.get().merged_options == {"name": "red", "height": 10, "quantity": 1, "plan": "kite"}


def test_orders_are_listed_and_cancelled(client: ApiClient, acme: Organization, order: Order) -> None:
    listed = client.get(f"/1/order/{acme.pk}/list").data
    assert [(each["id"], each["state"], each["lines"][0]["name"]) for each in listed] == [
        (order.pk, "awaiting_payment", "red")
    ]
    assert listed[0]["ordered_by"] == "Ana Keller"
    assert client.delete(f"/1/order/{acme.pk}/{order.pk}").data["state"] == "cancelled"
    assert client.delete(f"/1/order/{acme.pk}/{order.pk}").code == "billing.transition_refused"


# --- carts ----------------------------------------------------------------------------------------------------


def test_a_cart_is_filled_changed_and_ordered(client: ApiClient, acme: Organization, kite: Plan) -> None:
    empty = client.post("/1/carts", {"currency": "EUR"}).data
    assert (empty["lines"], empty["total"], empty["is_orderable"]) == (
        [],
        {"amount": "0.00", "currency": "EUR"},
        False,
    )
    cart = f"/1/carts/{empty['cart']}"
    client.post(f"{cart}/lines", RED)
    filled = client.post(f"{cart}/lines", {**RED, "options": {"name": "blue"}}).data
    assert [line["name"] for line in filled["lines"]] == ["red", "blue"]
    assert (filled["has_vat"], filled["vat"], filled["total"]["amount"]) == (False, [], "100.00")
    red, blue = (line["id"] for line in filled["lines"])
    assert client.put(f"{cart}/lines/{red}", {"months": 1}).data["lines"][0]["net"]["amount"] == "5.00"
    assert client.delete(f"{cart}/lines/{blue}").data is True
    shown = client.get(f"{cart}?account_id={acme.pk}").data
    assert (shown["currency"], shown["total"]["amount"], shown["has_vat"]) == ("CHF", "5.41", True)
    made = client.post(
        f"/1/order/{acme.pk}/cart", {"cart": empty["cart"], "expected_total": shown["total"]}
    ).data
    assert [(line["name"], line["months"]) for line in made["lines"]] == [("red", 1)]
    assert client.get(cart).data["lines"] == []
    assert client.post(f"/1/order/{acme.pk}/cart", {"cart": empty["cart"]}).code == "billing.cart_empty"


def test_a_cart_is_found_by_its_secret_alone(
    client: ApiClient, zoe: Person, acme: Organization, kite: Plan
) -> None:
    secret = client.post("/1/carts", {}).data["cart"]
    pk = Cart.objects.get().pk
    assert client.get(f"/1/carts/{pk}").code == "object_not_found"
    assert client.post("/1/carts/guessed/lines", RED).code == "object_not_found"
    assert client.delete(f"/1/carts/{secret}/lines/1").code == "billing.not_in_cart"
    assert client.post(f"/1/carts/{secret}/lines", {**RED, "quantity": 11}).status == 422
    assert client.get(f"/1/carts/{secret}?account_id=999999").status == 404
    assert ApiClient(zoe).get(f"/1/carts/{secret}?account_id={acme.pk}").status == 404


# --- invoices -------------------------------------------------------------------------------------------------


@pytest.mark.spec("BIL-76", "BIL-77", "BIL-82")
def test_invoices_are_listed_by_day_and_status(
    client: ApiClient, owner: Actor, acme: Organization, kite: Plan
) -> None:
    first, second = (
        Invoice.objects.get(order=order_kites(owner, acme, kite, name)) for name in ("red", "blue")
    )
    Invoice.objects.filter(pk=first.pk).update(dated_on=date(2026, 1, 31))
    credit(owner, acme, "100")
    pay_invoice(owner, second, prepaid_part=Money.of("54.05", "CHF"))
    path = on(acme, "invoice/list")

    def listed(query: str) -> list[int]:
        return [each["id"] for each in client.get(f"{path}?{query}").data]

    assert listed("") == [second.pk, first.pk]
    assert listed("status=open") == [first.pk]
    assert listed("status=paid") == [second.pk]
    assert listed("start=2026-01-31&end=2026-01-31") == [first.pk]
    assert listed("end=2026-01-30") == []
    assert listed("order_by=id&order=asc") == [first.pk, second.pk]
    assert client.get(f"{path}?page=1&per_page=1").json["total"] == 2
    assert client.get(f"{path}?return=total").data == 2
    for nonsense in ("status=lost", "start=yesterday", "colour=red", "order_by=colour"):
        assert client.get(f"{path}?{nonsense}").status == 422


def test_an_invoice_is_read_whole(client: ApiClient, acme: Organization, invoice: Invoice) -> None:
    found = client.get(on(acme, f"invoice/{invoice.pk}")).data
    assert (found["status"], found["number"], found["issued_on"], found["label"]) == (
        "open",
        None,
        None,
        f"P-{invoice.pk}",
    )
    assert found["customer"]["name"] == "Acme"
    assert found["lines"][0]["net"] == {"amount": "50.00", "currency": "CHF"}
    assert found["vat"] == [
        {
            "country": "CH",
            "rate": "8.1",
            "treatment": "standard",
            "base": {"amount": "50.00", "currency": "CHF"},
            "amount": {"amount": "4.05", "currency": "CHF"},
        }
    ]
    assert found["total"] == CHF_54


@pytest.mark.spec("BIL-75")
def test_the_pdf_comes_in_the_envelope(client: ApiClient, acme: Organization, invoice: Invoice) -> None:
    file = client.get(on(acme, f"invoice/{invoice.pk}/pdf")).data
    content = base64.b64decode(file["content"])
    assert content.startswith(b"%PDF-")
    assert (file["size"], file["type"]) == (len(content), "application/pdf")
    assert file["name"].endswith(".pdf")


@pytest.mark.spec("BIL-85")
def test_a_transfer_is_chosen_and_told_how(client: ApiClient, acme: Organization, invoice: Invoice) -> None:
    Mail.objects.all().delete()
    found = client.post(on(acme, f"invoice/{invoice.pk}/transfer")).data
    assert found["reference"] == invoice.reference
    assert found["iban"] == invoice.account
    assert Mail.objects.count() == 1


# --- payments -------------------------------------------------------------------------------------------------


def test_a_payment_begins_is_looked_at_and_given_up(
    client: ApiClient, acme: Organization, invoice: Invoice
) -> None:
    path = on(acme, f"invoice/{invoice.pk}/payment")
    begun = client.post(path, {"method": "test"}).data
    assert (begun["state"], begun["rest"], begun["invoice_id"]) == ("pending", CHF_54, invoice.pk)
    assert client.post(path, {"method": "test"}).code == "billing.payment_in_progress"
    assert client.get(on(acme, f"invoice/{invoice.pk}")).data["payment_id"] == begun["id"]
    one = on(acme, f"payment/{begun['id']}")
    assert client.get(one).data == begun
    url = client.get(f"{one}/checkout").data["url"]
    assert url.startswith("http")
    assert begun["id"] in url
    assert client.delete(one).data["state"] == "cancelled"
    assert client.get(on(acme, f"invoice/{invoice.pk}")).data["payment_id"] is None
    assert client.delete(one).code == "billing.payment_settled"
    assert client.get(f"{one}/checkout").code == "billing.payment_settled"
    assert [each["id"] for each in client.get(on(acme, "payment/list")).data] == [begun["id"]]


@pytest.mark.spec("API-27", "BIL-97")
def test_a_payment_sent_twice_with_its_key_is_taken_once(
    client: ApiClient, owner: Actor, acme: Organization, invoice: Invoice
) -> None:
    credit(owner, acme, "100")
    path, body = on(acme, f"invoice/{invoice.pk}/payment"), {"prepaid": CHF_54}
    first = client.post(path, body, Idempotency_Key="pay")
    assert client.post(path, body, Idempotency_Key="pay").body == first.body
    assert client.post(path, body).code == "billing.already_paid"
    assert client.get(on(acme, "prepaid")).data[0]["balance"]["amount"] == "45.95"


def test_a_payment_that_cannot_be_is_refused(client: ApiClient, acme: Organization, invoice: Invoice) -> None:
    path = on(acme, f"invoice/{invoice.pk}/payment")
    assert client.post(path, {}).status == 422
    assert client.post(path, {"method": "gold"}).status == 422
    assert client.post(path, {"prepaid": {"amount": "54.05", "currency": "EUR"}}).status == 422
    reply = client.post(path, {"prepaid": CHF_54})
    assert (reply.status, reply.code) == (409, "billing.not_enough_money")
    assert not Payment.objects.exists()


@pytest.mark.spec("BIL-51", "BIL-61")
def test_a_top_up_counts_once_it_is_confirmed(client: ApiClient, acme: Organization) -> None:
    path, body = (
        on(acme, "prepaid/top_up"),
        {"amount": {"amount": "20.00", "currency": "CHF"}, "method": "test"},
    )
    begun = client.post(path, body, Idempotency_Key="up").data
    client.post(path, body, Idempotency_Key="up")
    (page,) = client.get(on(acme, "prepaid")).data
    assert (page["available"]["amount"], [each["id"] for each in page["pending"]]) == ("0.00", [begun["id"]])
    confirm_payment(System("test"), Payment.objects.get(), charge="c")
    assert client.get(on(acme, "prepaid")).data[0]["available"]["amount"] == "20.00"
    assert client.get(on(acme, f"payment/{begun['id']}")).data["state"] == "succeeded"
    for amount in ("4.99", "10000.01"):
        assert client.post(path, {**body, "amount": {"amount": amount, "currency": "CHF"}}).status == 422
    euros = {**body, "amount": {"amount": "20.00", "currency": "EUR"}}
    assert client.post(path, euros).status == 422
    told = client.post(f"{path}?dry_run=1", body).data
    assert [each["amount"]["amount"] for each in told["price"]] == ["20.00"]
    assert Payment.objects.count() == 1


def test_methods_are_those_for_the_currency(client: ApiClient, acme: Organization) -> None:
    methods = client.get(on(acme, "payment_method/list")).data
    assert {method["code"]: method["currencies"] for method in methods} == {
        "test": ["CHF", "EUR"],
        "test-wallet": ["CHF", "EUR"],
    }
    assert client.get(on(acme, "prepaid/USD/entry/list")).status == 404


# --- who ------------------------------------------------------------------------------------------------------


def reads(acme: Organization, invoice: Invoice) -> list[str]:
    """Every read of accounting."""
    return [
        f"/1/order/{acme.pk}/list",
        f"/1/order/{acme.pk}/{invoice.order_id}",
        *(
            on(acme, rest)
            for rest in (
                "invoice/list",
                f"invoice/{invoice.pk}",
                f"invoice/{invoice.pk}/pdf",
                "payment/list",
                "payment_method/list",
                "prepaid",
                "prepaid/CHF/entry/list",
            )
        ),
    ]


@pytest.mark.spec("BIL-8", "API-24")
def test_foreign_accounts_are_not_there_and_ones_own_need_the_right(
    ben: Person, zoe: Person, globex: Organization, acme: Organization, invoice: Invoice
) -> None:
    stranger, colleague = ApiClient(zoe), ApiClient(ben)
    for path in reads(acme, invoice):
        assert stranger.get(path).status == 404, path
        assert colleague.get(path).status == 403, path
        assert ApiClient().get(path).status == 401, path
    # Acme's numbers under Globex's address
    for rest in (f"invoice/{invoice.pk}", f"invoice/{invoice.pk}/pdf", "payment/none"):
        assert stranger.get(on(globex, rest)).status == 404
    assert stranger.get(f"/1/order/{globex.pk}/{invoice.order_id}").status == 404
    for client, status in ((stranger, 404), (colleague, 403)):
        assert client.post(f"/1/order/{acme.pk}", {"items": [RED]}).status == status
        assert client.post(on(acme, f"invoice/{invoice.pk}/payment"), {"method": "test"}).status == status
        assert client.delete(f"/1/order/{acme.pk}/{invoice.order_id}").status == status
        top = {"amount": {"amount": "20.00", "currency": "CHF"}, "method": "test"}
        assert client.post(on(acme, "prepaid/top_up"), top).status == status
    assert not Payment.objects.exists()


@pytest.mark.spec("BIL-8")
def test_a_colleague_with_accounting_reads_and_pays_but_does_not_order(
    ben: Person, acme: Organization, invoice: Invoice
) -> None:
    membership = Membership.objects.get(person=ben)
    Grant.objects.create(organization=acme, membership=membership, right="billing.accounting")
    client = ApiClient(ben)
    for path in reads(acme, invoice):
        assert client.get(path).status == 200, path
    assert client.post(f"/1/order/{acme.pk}", {"items": [RED]}).status == 403
    assert client.post(on(acme, f"invoice/{invoice.pk}/payment"), {"method": "test"}).status == 201


@pytest.mark.spec("API-18", "API-22")
def test_a_token_does_what_its_scopes_say(ana: Person, acme: Organization, invoice: Invoice) -> None:
    pay = (on(acme, f"invoice/{invoice.pk}/payment"), {"method": "test"})
    order = (f"/1/order/{acme.pk}", {"items": [{**RED, "options": {"name": "green"}}]})
    reader = ApiClient(ana, ("invoicing:read",))
    for path in reads(acme, invoice):
        assert reader.get(path).status == 200, path
    assert reader.post(*pay).status == reader.post(*order).status == 401
    buyer = ApiClient(ana, ("order",))
    assert buyer.post(*order).status == 201
    assert buyer.get(on(acme, "invoice/list")).status == 200
    assert buyer.post(*pay).status == 401
    assert buyer.post(on(acme, f"invoice/{invoice.pk}/transfer")).status == 200
    payer = ApiClient(ana, ("invoicing",))
    assert payer.post(*order).status == 401
    assert payer.post(*pay).status == 201
    for scope in ("domain", "mail", "accounts"):
        other = ApiClient(ana, (scope,))
        assert other.get(on(acme, "invoice/list")).status == 401
        assert other.post(*order).status == 401


# --- queries --------------------------------------------------------------------------------------------------


def test_lists_take_as_many_queries_for_many_rows_as_for_one(
    client: ApiClient, owner: Actor, acme: Organization, kite: Plan
) -> None:
    paths = [
        f"/1/order/{acme.pk}/list",
        on(acme, "invoice/list"),
        on(acme, "payment/list"),
        on(acme, "prepaid/CHF/entry/list"),
    ]

    def counted() -> list[int]:
        counts = []
        for path in paths:
            with CaptureQueriesContext(connection) as found:
                assert client.get(path).data
            counts.append(len(found))
        return counts

    def more(name: str) -> None:
        credit(owner, acme, "60")
        order = order_kites(owner, acme, kite, name, f"{name}-2")
        Invoice.objects.filter(order=order).update(reference=None)
        top_up(owner, acme, amount=Money.of("20", "CHF"), method="test")

    more("first")
    counted()  # whatever is read once per process
    few = counted()
    for number in range(5):
        more(f"name-{number}")
    assert counted() == few
    assert Entry.objects.count() == 6


def test_a_product_that_objects_names_its_field(
    client: ApiClient, acme: Organization, kite: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> dict[str, Any]:
        raise Invalid(field="name")

    assert kite.sells is not None
    monkeypatch.setattr(type(kite.sells), "check_order", refuse)
    secret = client.post("/1/carts", {}).data["cart"]
    reply = client.post(f"/1/carts/{secret}/lines", RED)
    assert reply.error["errors"][0]["context"]["attribute"] == "name"
