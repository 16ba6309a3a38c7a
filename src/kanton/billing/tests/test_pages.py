"""Shop and accounting as a browser sees them, without JavaScript: from the public shop to the paid order."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import zxingcpp
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kanton.accounts.models import Person
from kanton.billing.actions import confirm_payment, pay_invoice, top_up
from kanton.billing.models import Cart, Invoice, Order, OrderState, Payment, PaymentState
from kanton.billing.tests.conftest import make_plan, order_kites
from kanton.billing.tests.test_documents import pictures_of, text_of
from kanton.billing.tests.test_payments import fill
from kanton.catalog.models import Plan
from kanton.core import clock
from kanton.core.actor import Actor, System
from kanton.core.money import Money
from kanton.core.outbox.models import Mail
from kanton.core.outbox.testing import Outbox
from kanton.core.rights import Role
from kanton.organizations.models import Grant, Membership, Organization
from kanton.organizations.rights import ACCOUNTING
from kanton.testing import PASSWORD

pytestmark = pytest.mark.django_db


def chf(text: str) -> Money:
    return Money.of(text, "CHF")


@pytest.fixture
def browser(ana: Person, acme: Organization) -> Client:
    """Ana's browser."""
    client = Client()
    client.force_login(ana)
    return client


def seen(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, (path, answer.status_code, answer.get("Location"))
    return " ".join(answer.content.decode().replace("\xa0", " ").split())


def hidden(html: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"|value="([^"]*)"[^>]*name="{name}"', html)
    assert found, name
    return found.group(1) or found.group(2)


def order_form(client: Client, organization: str = "acme") -> dict[str, str]:
    html = seen(client, f"/o/{organization}/cart")
    return {name: hidden(html, name) for name in ("expected_minor", "expected_currency", "request_key")}


@pytest.mark.spec("BIL-13", "BIL-1")
def test_the_public_shop_shows_five_groups_and_says_that_prices_exclude_vat(kite: Plan) -> None:
    html = seen(Client(), "/shop")
    assert "Kite" in html and "CHF 50.00" in html
    for group in (
        "Collaboration",
        "Web &amp; domains",
        "Cloud computing",
        "Events &amp; marketing",
        "Streaming",
    ):
        assert group in html
    for path in ("/shop", "/shop/offers/kite", "/shop/names?q=acme"):
        assert "All prices exclude VAT" in seen(Client(), path)
    assert "€ 50.00" in seen(Client(), "/shop?currency=EUR")


@pytest.mark.spec("BIL-14", "BIL-16", "BIL-17", "BIL-15")
def test_a_visitors_cart_is_the_same_in_the_console_after_signing_in(
    ana: Person, acme: Organization, kite: Plan
) -> None:
    client = Client()
    answer = client.post("/shop/offers/kite", {"name": "red", "months": "12", "quantity": "2"})
    assert answer.status_code == 303 and answer["Location"] == "/shop/cart"
    cookie = client.cookies["kanton_cart"]
    assert cookie["httponly"] and cookie["samesite"] == "Lax" and int(cookie["max-age"]) > 30 * 86400
    assert cookie.value not in Cart.objects.values_list("digest", flat=True)
    assert "red" in seen(client, "/shop/cart")
    asked = seen(client, "/shop/checkout")
    assert "/register?next=%2Fshop%2Fcheckout" in asked and "/login?next=%2Fshop%2Fcheckout" in asked
    client.force_login(ana)
    assert client.get("/shop/checkout")["Location"] == "/o/acme/cart"
    html = seen(client, "/o/acme/cart")
    assert "You order for Acme" in html and "CHF 100.00" in html and "CHF 108.10" in html


@pytest.mark.spec("ORG-3", "BIL-15")
def test_a_first_order_opens_account_and_organization_once_though_every_page_is_sent_twice(
    kite: Plan, outbox: Outbox
) -> None:
    client = Client()
    client.post("/shop/offers/kite", {"name": "red", "months": "12", "quantity": "1"})
    assert 'name="next" value="/shop/checkout"' in seen(client, "/register?next=/shop/checkout")
    person = {
        "first_name": "Lea", "last_name": "Frei", "email": "lea@frei.example", "country": "CH",
        "password": PASSWORD, "phone": "+41 79 123 45 67", "company": "Frei AG", "next": "/shop/checkout",
    }  # fmt: skip
    for _time in range(2):
        answer = client.post("/register", person)
        assert answer["Location"] == "/check-your-inbox?next=%2Fshop%2Fcheckout"
    assert 'href="/login?next=%2Fshop%2Fcheckout"' in seen(client, answer["Location"])
    lea = Person.objects.get()
    organization = Organization.objects.get()
    assert (organization.name, organization.slug) == ("Frei AG", "frei-ag")
    assert [(each.person, each.role) for each in Membership.objects.all()] == [(lea, Role.OWNER)]
    assert not Order.objects.exists(), "the organization is there before anything is paid"

    # The link of the mail proves the address; signing in leads back to the cart, which is still full.
    secret = re.search(r"/confirm/(\S+)", outbox[0].text)
    assert secret
    client.post(f"/confirm/{secret[1]}")
    sign_in = {"email": lea.email, "password": PASSWORD, "next": "/shop/checkout"}
    assert client.post("/login", sign_in)["Location"] == "/shop/checkout"
    assert client.get("/shop/checkout")["Location"] == "/o/frei-ag/cart"
    Organization.objects.update(street="Marktgasse 1", postal_code="3011", city="Bern")
    form = order_form(client, "frei-ag")
    placed = [client.post("/o/frei-ag/cart/order", form)["Location"] for _time in range(2)]
    order = Order.objects.get()
    assert placed == [f"/o/frei-ag/invoices/{order.invoice.pk}/pay"] * 2
    assert (Person.objects.count(), Organization.objects.count(), Invoice.objects.count()) == (1, 1, 1)


def test_what_is_refused_stays_in_the_form_with_the_reason(browser: Client, kite: Plan) -> None:
    answer = browser.post("/o/acme/shop/offers/kite", {"name": "taken", "months": "12", "quantity": "2"})
    assert answer.status_code == 422 and b'value="taken"' in answer.content
    answer = browser.post("/o/acme/shop/offers/kite", {"name": "red", "months": "7", "quantity": "99"})
    assert answer.status_code == 422
    assert not Cart.objects.exists()


@pytest.mark.spec("BIL-51", "BIL-53", "BIL-78")
def test_the_whole_way_from_shop_to_paid_order(browser: Client, acme: Organization, kite: Plan) -> None:
    # Fill the cart and change it.
    browser.post("/o/acme/shop/offers/kite", {"name": "red", "months": "12", "quantity": "1"})
    line = Cart.objects.get().lines.get()
    browser.post(f"/o/acme/cart/{line.pk}/change", {"quantity": "2", "months": "12"})
    browser.post("/o/acme/shop/offers/kite", {"name": "blue", "months": "1", "quantity": "1"})
    blue = Cart.objects.get().lines.get(name="blue")
    browser.post(f"/o/acme/cart/{blue.pk}/remove")
    # What will happen, and then it does.
    form = order_form(browser)
    preview = browser.post("/o/acme/cart/order", form | {"_preview": "1"})
    assert preview.status_code == 200 and "CHF 108.10" in preview.content.decode().replace("\xa0", " ")
    assert not Order.objects.exists()
    placed = browser.post("/o/acme/cart/order", form)
    order = Order.objects.get()
    assert placed["Location"] == f"/o/acme/invoices/{order.invoice.pk}/pay"
    # Credit the prepaid account with the test provider.
    assert "From 5 to 10" in seen(browser, "/o/acme/prepaid/top-up")
    away = browser.post("/o/acme/prepaid/top-up", {"amount": "60", "method": "test"})
    page = urlsplit(away["Location"]).path
    assert page.startswith("/pay/test/") and "CHF 60.00" in seen(browser, page)
    back = browser.post(page, {"outcome": "twice"})
    assert "The payment has arrived" in seen(browser, back["Location"])
    assert "CHF 60.00" in seen(browser, "/o/acme/prepaid")
    # Pay in part from it and the rest with the test provider.
    pay = f"/o/acme/invoices/{order.invoice.pk}/pay"
    assert "CHF 60.00 are available" in seen(browser, pay)
    away = browser.post(pay, {"prepaid_part": "60", "method": "test"})
    page = urlsplit(away["Location"]).path
    assert "CHF 48.10" in seen(browser, page)
    assert "Payment in progress" in seen(browser, pay)
    back = browser.post(page, {"outcome": "success"})
    assert f"/o/acme/orders/{order.pk}" in seen(browser, back["Location"])
    # The order goes on, the final invoice is there.
    order.refresh_from_db()
    assert order.state == OrderState.BEING_SET_UP
    assert "Being set up" in seen(browser, f"/o/acme/orders/{order.pk}")
    number = f"{clock.today().year}-000001"
    assert number in seen(browser, "/o/acme/invoices")
    assert number in seen(browser, f"/o/acme/invoices/{order.invoice.pk}")
    pdf = browser.get(f"/o/acme/invoices/{order.invoice.pk}/pdf")
    assert pdf["Content-Type"] == "application/pdf" and pdf.content.startswith(b"%PDF")
    assert pdf["Content-Disposition"].startswith("inline")
    download = browser.get(f"/o/acme/invoices/{order.invoice.pk}/pdf?download=1")
    assert download["Content-Disposition"] == f'attachment; filename="invoice-{number}.pdf"'


@pytest.mark.spec("BIL-22")
def test_a_price_that_changed_on_the_way_is_shown_and_confirmed_again(browser: Client, kite: Plan) -> None:
    browser.post("/o/acme/shop/offers/kite", {"name": "red", "months": "12", "quantity": "1"})
    form = order_form(browser)
    make_plan(prices={("CHF", 12): chf("60")})
    refused = browser.post("/o/acme/cart/order", form)
    html = refused.content.decode().replace("\xa0", " ")
    assert refused.status_code == 422 and "CHF 54.05" in html and "CHF 64.86" in html
    assert not Order.objects.exists()
    again = {name: hidden(html, name) for name in form}
    assert browser.post("/o/acme/cart/order", again).status_code == 303
    assert Order.objects.get().invoice.total == chf("64.86")


def test_a_top_up_has_a_receipt_once_it_has_arrived(
    browser: Client, owner: Actor, acme: Organization
) -> None:
    begun = top_up(owner, acme, amount=chf("20"), method="test")
    path = f"/o/acme/payments/{begun.key}/receipt"
    assert browser.get(path).status_code == 404
    confirm_payment(System("test"), begun, charge="ch", amount=chf("20"))
    words = text_of(browser.get(path).content).replace("\xa0", " ")
    assert "Receipt" in words and "CHF 20.00" in words and "bears no VAT" in words
    assert path in seen(browser, f"/o/acme/payments/{begun.key}")


def test_without_an_address_the_cart_leads_to_it(browser: Client, acme: Organization, kite: Plan) -> None:
    Organization.objects.filter(pk=acme.pk).update(city="")
    browser.post("/o/acme/shop/offers/kite", {"name": "red", "months": "12", "quantity": "1"})
    html = seen(browser, "/o/acme/cart")
    assert "An invoice needs a postal address" in html and "/o/acme/settings/edit" in html
    assert "Order for" not in html


@pytest.mark.spec("BIL-63", "BIL-85", "BIL-86")
def test_bank_transfer_gives_a_pro_forma_whose_code_asks_for_amount_and_reference(
    browser: Client, invoice: Invoice, tmp_path: Path
) -> None:
    browser.post(f"/o/acme/invoices/{invoice.pk}/pay", {"method": "transfer"})
    mail = Mail.objects.get(template="billing/pro_forma")
    assert invoice.reference and invoice.reference in mail.text
    pdf = browser.get(f"/o/acme/invoices/{invoice.pk}/pdf").content
    (code,) = zxingcpp.read_barcodes(pictures_of(pdf, tmp_path)[-1])
    fields = code.text.split("\r\n")
    assert (fields[3], fields[18], fields[19]) == (invoice.account, "54.05", "CHF")
    assert (fields[27], fields[28], fields[29]) == ("QRR", invoice.reference, invoice.label)
    invoice.refresh_from_db()
    assert invoice.number is None


def test_a_tampered_total_is_refused(browser: Client, kite: Plan) -> None:
    browser.post("/o/acme/shop/offers/kite", {"name": "red", "months": "12", "quantity": "1"})
    form = order_form(browser)
    for change in ({"expected_minor": "1"}, {"expected_currency": "XXX"}, {"expected_minor": "é"}):
        assert browser.post("/o/acme/cart/order", form | change).status_code == 422
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("outcome", "state", "words"),
    [
        ("decline", PaymentState.DECLINED, "declined"),
        ("silence", PaymentState.PENDING, "We wait for the confirmation"),
        ("twice", PaymentState.SUCCEEDED, "has arrived"),
    ],
)
def test_the_test_provider_ends_as_its_button_says(
    browser: Client, owner: Actor, invoice: Invoice, outcome: str, state: str, words: str
) -> None:
    away = browser.post(f"/o/acme/invoices/{invoice.pk}/pay", {"method": "test"})
    back = browser.post(urlsplit(away["Location"]).path, {"outcome": outcome})
    assert words in seen(browser, back["Location"])
    assert Payment.objects.get().state == state


def test_a_payment_in_progress_is_given_up_and_another_method_chosen(
    browser: Client, invoice: Invoice
) -> None:
    browser.post(f"/o/acme/invoices/{invoice.pk}/pay", {"method": "test"})
    payment = Payment.objects.get()
    browser.post(f"/o/acme/payments/{payment.key}/give-up")
    answer = browser.post(f"/o/acme/invoices/{invoice.pk}/pay", {"method": "transfer"})
    assert answer["Location"] == f"/o/acme/invoices/{invoice.pk}"
    html = seen(browser, f"/o/acme/invoices/{invoice.pk}")
    assert "Pro-forma invoice" in html and "scan the QR code" in html


def test_the_callback_wants_a_signature(invoice: Invoice, owner: Actor) -> None:
    from kanton.billing.payments.contract import Outcome
    from kanton.billing.payments.test_provider import SIGNATURE, decide

    payment = pay_invoice(owner, invoice, method="test")
    ((headers, body),) = decide(payment.key, payment.amount, Outcome.SUCCEEDED)
    client = Client(enforce_csrf_checks=True)

    def send(provider: str, headers: dict[str, str] | None = None) -> int:
        path = f"/pay/{provider}/callback"
        return client.post(path, body, content_type="application/json", headers=headers).status_code

    assert send("test") == 400
    assert send("nobody") == 404
    assert Payment.objects.get().is_pending
    signed = {SIGNATURE: headers[SIGNATURE]}
    for _ in range(2):
        assert send("test", signed) == 204
    assert Payment.objects.get().state == PaymentState.SUCCEEDED


def test_an_order_is_cancelled_from_its_page(browser: Client, order: Order) -> None:
    assert "Cancel the order" in seen(browser, f"/o/acme/orders/{order.pk}/cancel")
    browser.post(f"/o/acme/orders/{order.pk}/cancel")
    assert "This order was cancelled" in seen(browser, f"/o/acme/orders/{order.pk}")


# ── Invoices


@pytest.fixture
def history(owner: Actor, acme: Organization) -> list[Invoice]:
    """Three paid invoices of different days and one open."""
    found = []
    with clock.travel(clock.now() - timedelta(days=50)):
        kite = make_plan()
    for days, name in ((40, "old"), (10, "middle"), (0, "new")):
        with clock.travel(clock.now() - timedelta(days=days)):
            fill(owner, acme, "60")
            invoice = order_kites(owner, acme, kite, name).invoice
            pay_invoice(owner, invoice, prepaid_part=invoice.total)
            found.append(invoice)
    return [*found, order_kites(owner, acme, kite, "=1+1").invoice]


@pytest.mark.spec("BIL-76", "BIL-77", "BIL-82")
def test_the_history_is_newest_first_and_filtered_by_status_and_period(
    browser: Client, history: list[Invoice]
) -> None:
    html = seen(browser, "/o/acme/invoices")
    places = [html.index(f'/o/acme/invoices/{invoice.pk}"') for invoice in history]
    assert places[0] > places[1] > max(places[2:])
    paid = seen(browser, "/o/acme/invoices?status=paid")
    assert f'/o/acme/invoices/{history[0].pk}"' in paid and f'/o/acme/invoices/{history[3].pk}"' not in paid
    day = (clock.today() - timedelta(days=10)).isoformat()
    one_day = seen(browser, f"/o/acme/invoices?from={day}&until={day}")
    assert f'/o/acme/invoices/{history[1].pk}"' in one_day
    assert f'/o/acme/invoices/{history[0].pk}"' not in one_day
    assert "No documents in this period" in seen(browser, "/o/acme/invoices?from=1999-01-01&until=1999-01-02")
    assert "Invoices" in seen(browser, "/o/acme/invoices?from=nonsense&until=%00&status=zzz")


@pytest.mark.spec("BIL-81")
def test_the_csv_has_exactly_the_documents_of_the_filter(browser: Client, history: list[Invoice]) -> None:
    answer = browser.get("/o/acme/invoices?status=paid&format=csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    head, *rows = csv.reader(io.StringIO(text))
    assert head == ["Document", "Date", "Status", "Without VAT", "Total", "Currency"]
    assert [row[0] for row in rows] == [Invoice.objects.get(pk=each.pk).number for each in history[2::-1]]
    assert all(date.fromisoformat(row[1]) for row in rows)
    assert {tuple(row[3:]) for row in rows} == {("50.00", "54.05", "CHF")}


def test_lists_take_the_same_number_of_queries_for_few_and_many(
    browser: Client, owner: Actor, acme: Organization, kite: Plan
) -> None:
    def count(path: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            seen(browser, path)
        return len(queries)

    paths = ("/o/acme/invoices", "/o/acme/orders", "/o/acme/prepaid")
    fill(owner, acme, "1000")
    for name in ("a", "b"):
        invoice = order_kites(owner, acme, kite, name).invoice
        pay_invoice(owner, invoice, prepaid_part=invoice.total)
    seen(browser, paths[0])  # the first page of a session also notes when it was used
    few = [count(path) for path in paths]
    for number in range(12):
        invoice = order_kites(owner, acme, kite, f"kite {number}").invoice
        pay_invoice(owner, invoice, prepaid_part=invoice.total)
    assert [count(path) for path in paths] == few


# ── Who sees what


@pytest.mark.spec("BIL-8")
def test_billing_documents_are_for_owners_administrators_and_the_accounting_right(
    ben: Person, zoe: Person, globex: Organization, acme: Organization, invoice: Invoice
) -> None:
    paths = [
        "/o/acme/invoices",
        f"/o/acme/invoices/{invoice.pk}",
        f"/o/acme/invoices/{invoice.pk}/pdf",
        "/o/acme/prepaid",
    ]
    visitor, plain, foreign = Client(), Client(), Client()
    plain.force_login(ben)
    foreign.force_login(zoe)
    for path in paths:
        assert visitor.get(path)["Location"].startswith("/login")
        assert plain.get(path).status_code == 403
        assert foreign.get(path).status_code == 404
        assert foreign.get(path.replace("acme", "globex")).status_code == (
            404 if invoice.pk and str(invoice.pk) in path else 200
        )
    assert "/o/acme/invoices" not in plain.get("/o/acme/").content.decode()
    membership = Membership.objects.get(person=ben, organization=acme)
    assert membership.role == Role.COLLABORATOR
    Grant.objects.create(organization=acme, membership=membership, right=ACCOUNTING.code)
    for path in paths:
        assert plain.get(path).status_code == 200


@pytest.mark.spec("BIL-12")
def test_accounting_without_the_product_sees_the_line_and_no_link(
    ben: Person, acme: Organization, owner: Actor, kite: Plan
) -> None:
    from kanton.billing.actions import start_line
    from kanton.billing.models import OrderLine
    from kanton.core.rights import Right
    from kanton.products import contract

    contract._products["kites"].use_right = Right("kites.use", "use kites", product="kites", grantable=True)  # type: ignore[misc]
    order = order_kites(owner, acme, kite, "red")
    start_line(System("billing"), OrderLine.objects.get(order=order))
    membership = Membership.objects.get(person=ben, organization=acme)
    Grant.objects.create(organization=acme, membership=membership, right=ACCOUNTING.code)
    client, owners = Client(), Client()
    client.force_login(ben)
    owners.force_login(acme.memberships.get(role=Role.OWNER).person)
    assert '<a href="/o/acme/orders">red</a>' in seen(owners, f"/o/acme/orders/{order.pk}")
    html = seen(client, f"/o/acme/orders/{order.pk}")
    assert "red" in html and ">red</a>" not in html


def test_a_payment_of_somebody_else_is_not_there(
    zoe: Person, globex: Organization, owner: Actor, acme: Organization
) -> None:
    payment = top_up(owner, acme, amount=chf("20"), method="test")
    client = Client()
    client.force_login(zoe)
    assert client.get(f"/o/globex/payments/{payment.key}").status_code == 404
    assert client.post(f"/o/globex/payments/{payment.key}/give-up").status_code == 404
    confirm_payment(System("test"), payment, charge="ch", amount=chf("20"))


def test_bad_addresses_are_404(browser: Client) -> None:
    for path in (
        "invoices/999999",
        "invoices/99999999999999999999999",
        "orders/0",
        "payments/x",
        "shop/offers/x",
    ):
        assert browser.get(f"/o/acme/{path}").status_code == 404, path
