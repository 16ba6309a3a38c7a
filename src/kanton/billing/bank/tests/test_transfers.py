"""Money that leaves: withdrawals with password, files for the bank, and what comes back."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
import sepaxml
from lxml import etree

from kanton.accounts.errors import WrongPassword
from kanton.billing import ledger, prepaid, proof
from kanton.billing.actions import confirm_payment, top_up
from kanton.billing.bank.actions import (
    ask_withdrawal,
    cancel_withdrawal,
    make_transfer_file,
    mark_transfer_done,
    mark_transfer_returned,
    send_back,
    top_up_by_transfer,
)
from kanton.billing.bank.errors import BadIban, BadPaypal, NothingToTransfer, NotToBeChanged, TooLittle
from kanton.billing.bank.models import Transfer
from kanton.billing.bank.pain001 import NAMESPACE, write
from kanton.billing.bank.queries import in_suspense
from kanton.billing.bank.tests.bank_files import PAYER, Entry, Pay, pay
from kanton.billing.bank.tests.conftest import Take
from kanton.billing.errors import NotEnoughMoney
from kanton.billing.models import AccountKind
from kanton.config import overriding
from kanton.core.actor import Actor, System
from kanton.core.errors import DomainError
from kanton.core.money import Money
from kanton.core.outbox.testing import Outbox
from kanton.organizations.models import Organization
from kanton.testing import PASSWORD

pytestmark = pytest.mark.django_db


def chf(text: str) -> Money:
    return Money.of(text, "CHF")


@pytest.fixture
def rich(owner: Actor, acme: Organization) -> Organization:
    """Acme with CHF 100 on the prepaid account."""
    payment = top_up(owner, acme, amount=chf("100"), method="test")
    confirm_payment(System("test"), payment, charge="ch_1", amount=chf("100"))
    return acme


def withdraw(owner: Actor, acme: Organization, amount: str = "60", **changes: str) -> Transfer:
    values = {"account": PAYER, "name": "Ana Keller", "password": PASSWORD} | changes
    return ask_withdrawal(owner, acme, amount=chf(amount), **values)


def balance(organization: Organization) -> Money:
    return prepaid.standing(organization, "CHF").available


def in_transit() -> Money:
    return ledger.balance(ledger.account(AccountKind.IN_TRANSIT, "CHF", detail="transfers"))


@pytest.mark.spec("BIL-54", "BIL-62", "BIL-60")
def test_a_withdrawal_is_set_aside_at_once_and_told_to_all_owners(
    owner: Actor, rich: Organization, outbox: Outbox
) -> None:
    before = len(outbox)
    transfer = withdraw(owner, rich)
    assert (transfer.state, transfer.amount, balance(rich)) == ("asked", chf("60"), chf("40"))
    (mail,) = outbox[before:]
    assert mail.to == ["ana@acme.example"] and "CHF 60.00 leave the prepaid account" in mail.subject
    assert "CH56 … 8009" in mail.text and PAYER not in mail.text
    with pytest.raises(NotEnoughMoney) as refused:
        withdraw(owner, rich, "40.01")
    assert refused.value.field == "amount"
    assert Transfer.objects.count() == 1 and proof.problems() == []


@pytest.mark.spec("BIL-62", "ACC-33")
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"password": "wrong"}, WrongPassword),
        ({"account": "CH5604835012345678008"}, BadIban),
        ({"account": "nobody", "destination": "paypal"}, BadPaypal),
        ({"amount": "0.99"}, TooLittle),
    ],
)
def test_a_refused_withdrawal_moves_nothing(
    owner: Actor, rich: Organization, outbox: Outbox, changes: dict[str, str], error: type[DomainError]
) -> None:
    before = len(outbox)
    with pytest.raises(error):
        withdraw(owner, rich, **changes)
    assert balance(rich) == chf("100") and len(outbox) == before and not Transfer.objects.exists()


@pytest.mark.spec("BIL-62")
def test_what_the_bank_does_not_have_can_be_taken_back_once(owner: Actor, rich: Organization) -> None:
    transfer = withdraw(owner, rich)
    cancel_withdrawal(owner, transfer)
    assert balance(rich) == chf("100") and in_transit() == chf("0")
    with pytest.raises(NotToBeChanged):
        cancel_withdrawal(owner, transfer)
    assert balance(rich) == chf("100") and proof.problems() == []


@pytest.mark.spec("BIL-54", "BIL-62")
def test_the_bank_gets_a_file_carries_it_out_and_one_transfer_comes_back(
    owner: Actor, rich: Organization, staff: Actor, take: Take, outbox: Outbox
) -> None:
    one, two = withdraw(owner, rich, "60", name="Zoë Ąmann 漢"), withdraw(owner, rich, "15.50")
    file = make_transfer_file(staff, None, currency="CHF")
    with pytest.raises(NothingToTransfer):  # each transfer is in one file only
        make_transfer_file(staff, None, currency="CHF")
    with pytest.raises(NotToBeChanged):
        cancel_withdrawal(owner, one)
    root = etree.fromstring(bytes(file.content))
    ns = {"p": NAMESPACE}
    assert root.xpath("string(//p:GrpHdr/p:CtrlSum)", namespaces=ns) == "75.50"
    assert root.xpath("//p:EndToEndId/text()", namespaces=ns) == [one.key, two.key]
    assert root.xpath("//p:InstdAmt/text()", namespaces=ns) == ["60.00", "15.50"]
    assert root.xpath("//p:Cdtr/p:Nm/text()", namespaces=ns) == ["Zoë Amann .", "Ana Keller"]
    assert root.xpath("string(//p:DbtrAgt//p:MmbId)", namespaces=ns) == "00762"
    out = Entry(
        "75.50", "OUT", (Pay("60.00", end_to_end=one.key or ""), Pay("15.50", end_to_end=two.key or "")), out=True
    )  # fmt: skip
    before = len(outbox)
    take(out)
    one.refresh_from_db()
    two.refresh_from_db()
    assert (one.state, two.state) == ("done", "done") and in_transit() == chf("0")
    back = Entry("60.00", "BACK", (Pay("60.00", end_to_end=one.key or "", reason="AC04"),))
    take(back)
    take(back, kind="054")
    one.refresh_from_db()
    assert one.state == "returned" and balance(rich) == chf("84.50")
    (mail,) = outbox[before:]
    assert "CHF 60.00 came back" in mail.subject
    assert in_suspense("CHF") == chf("0") and proof.problems() == []


@pytest.mark.spec("BIL-62")
def test_a_transfer_that_came_back_before_it_was_seen_to_leave_is_right_in_the_end(
    owner: Actor, rich: Organization, staff: Actor, take: Take
) -> None:
    transfer = withdraw(owner, rich)
    make_transfer_file(staff, None, currency="CHF")
    key = transfer.key or ""
    take(Entry("60.00", "BACK", (Pay("60.00", end_to_end=key, reason="AC04"),)))
    assert balance(rich) == chf("100")
    take(Entry("60.00", "OUT", (Pay("60.00", end_to_end=key),), out=True))
    assert balance(rich) == chf("100") and in_transit() == chf("0")
    assert in_suspense("CHF") == chf("0") and proof.problems() == []


def test_what_the_bank_did_not_carry_out_is_given_up_by_staff(
    owner: Actor, rich: Organization, staff: Actor
) -> None:
    transfer = withdraw(owner, rich)
    with pytest.raises(NotToBeChanged):
        mark_transfer_returned(staff, transfer)
    make_transfer_file(staff, None, currency="CHF")
    mark_transfer_returned(staff, transfer)
    assert balance(rich) == chf("100") and in_transit() == chf("0")
    with pytest.raises(NotToBeChanged):
        mark_transfer_returned(staff, transfer)


@pytest.mark.spec("BIL-54")
def test_a_withdrawal_to_paypal_is_sent_by_hand(owner: Actor, rich: Organization, staff: Actor) -> None:
    transfer = withdraw(owner, rich, account="ana@acme.example", destination="paypal")
    assert transfer.account_hint == "an…@acme.example"
    with pytest.raises(NothingToTransfer):
        make_transfer_file(staff, None, currency="CHF")
    mark_transfer_done(staff, transfer)
    assert ledger.balance(ledger.account(AccountKind.IN_TRANSIT, "CHF", detail="paypal")) == chf("-60")
    assert in_transit() == chf("0") and proof.problems() == []


def test_a_payment_sent_back_leaves_with_the_next_file(staff: Actor, take: Take, acme: Organization) -> None:
    (item,) = take(pay("7.00", text="by mistake", name="Lost"))
    transfer = send_back(staff, item)
    assert in_transit() == chf("-7.00") and in_suspense("CHF") == chf("0")
    make_transfer_file(staff, None, currency="CHF")
    take(Entry("7.00", "OUT", (Pay("7.00", end_to_end=transfer.key or ""),), out=True))
    transfer.refresh_from_db()
    assert transfer.state == "done" and in_transit() == chf("0") and proof.problems() == []


@pytest.mark.spec("BIL-61", "BIL-50")
def test_a_top_up_by_transfer_has_its_own_reference_and_counts_when_the_bank_reports_it(
    owner: Actor, acme: Organization, take: Take, outbox: Outbox
) -> None:
    found = top_up_by_transfer(owner, acme)
    assert top_up_by_transfer(owner, acme).reference == found.reference
    assert balance(acme) == chf("0")
    take(pay("250.00", found.reference or ""))
    assert balance(acme) == chf("250.00")
    assert [mail.subject for mail in outbox] == ["CHF 250.00 on the prepaid account of Acme"]
    assert proof.problems() == []


@pytest.mark.parametrize("currency", ["CHF", "EUR"])
@pytest.mark.parametrize("iban", ["CH9300762011623852957", "DE89370400440532013000"])
def test_the_file_for_the_bank_is_valid_against_the_schema_of_iso_20022(
    owner: Actor, rich: Organization, currency: str, iban: str
) -> None:
    schema = etree.XMLSchema(etree.parse(Path(sepaxml.__file__).parent / "schemas" / "pain.001.001.09.xsd"))
    transfer = withdraw(owner, rich)
    transfer.currency, transfer.name = currency, "Łucja & Søn <Röstigraben>" + 60 * "x"
    made = dt.datetime(2026, 11, 22, 10, tzinfo=dt.UTC)
    with overriding(operator={"iban": iban}):
        file = etree.fromstring(write("K-20261122-1", made, made.date(), currency, [transfer, transfer]))
    assert schema.validate(file), str(schema.error_log)


def test_the_same_transfers_make_the_same_file(owner: Actor, rich: Organization) -> None:
    transfer = withdraw(owner, rich)
    made = dt.datetime(2026, 11, 22, 10, tzinfo=dt.UTC)
    one = write("M", made, made.date(), "CHF", [transfer])
    assert one == write("M", made, made.date(), "CHF", [transfer])
    assert b"<CreDtTm>2026-11-22T10:00:00Z</CreDtTm>" in one
