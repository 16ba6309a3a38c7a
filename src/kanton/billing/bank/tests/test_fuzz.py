"""Whatever stands in a bank's file, the books stay right, in bounded work: read and booked, or refused whole.

test_camt.py damages bytes; here the elements of whole messages are taken away, doubled, moved, exchanged and filled
with what no bank would write, so that the parser is reached and not only XML's own rules.
"""

from __future__ import annotations

import io
import os
import sys

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from kanton.billing import ledger, proof
from kanton.billing.bank import camt
from kanton.billing.bank.errors import NotOurAccount, Unreadable
from kanton.billing.bank.models import BankEntry, BankItem, Statement
from kanton.billing.bank.tasks import match_all
from kanton.billing.bank.tests.bank_files import Entry, Pay, pay
from kanton.billing.bank.tests.bank_files import camt as written
from kanton.billing.bank.tests.conftest import take_in
from kanton.billing.models import Invoice, Posting
from kanton.core.actor import System

pytestmark = pytest.mark.django_db
ROUNDS = int(os.environ.get("KANTON_TEST_ROUNDS", "25"))
#: Calls of Python while a file is read, per byte: two in a good file of short elements.
MOST_CALLS = 5
NONSENSE = [
    "", " ", "0", "-1", "1e5", "NaN", "٣.00", "54.05 ", "54,05", "999999999999999999999999", "2026-13-01", "0000-00-00",
    "9999-12-31", "2026-11-20T25:00:00", "USD", "chf", "CRDT", "DBIT", "BOOK", "true", "x" * 5_000, "\u202egnp.exe",
    "=1+1", "<script>", "CH0000000000000000000", "RF00", "é́́",
]  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn, reference: str) -> bytes:
    """A message of either kind and any version, of which up to five elements are not as they should be."""
    batch = Entry("110.00", "B2", (Pay("100", reference, "thanks"), Pay("10.00", "", name="Ben & Söhne")))
    good = written(
        pay("54.05", reference), batch, Entry("5.50", "B3", out=True), kind=draw(st.sampled_from(["053", "054"])),
        version=draw(st.sampled_from(["02", "04", "08"])), balances=("10.00", "168.55"),
    )  # fmt: skip
    root = etree.fromstring(good)
    for _turn in range(draw(st.integers(1, 5))):
        inner = [each for each in root.iter() if each.getparent() is not None]
        if not inner:
            break
        one, other = draw(st.sampled_from(inner)), draw(st.sampled_from(inner))
        parent = one.getparent()
        assert parent is not None
        match draw(st.sampled_from(["drop", "double", "move", "text", "attribute", "rename", "deepen"])):
            case "drop":
                parent.remove(one)
            case "double":
                parent.append(etree.fromstring(etree.tostring(one)))
            case "move" if one not in other.iterancestors() and one is not other:
                other.append(one)
            case "text":
                one.text = draw(st.sampled_from(NONSENSE))
            case "attribute":
                one.set("Ccy", draw(st.sampled_from(NONSENSE)))
            case "rename":
                one.tag = other.tag
            case "deepen":
                for _level in range(draw(st.integers(1, 60))):
                    one = etree.SubElement(one, other.tag)
            case _:
                pass
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


@pytest.mark.spec("BIL-6", "BIL-69", "BIL-70")
@settings(max_examples=ROUNDS, deadline=None)
@given(data=st.data())
def test_the_books_stay_right_whatever_a_bank_sends(data: st.DataObject) -> None:
    with transaction.atomic():
        invoice = Invoice.objects.get()
        content = data.draw(damaged(invoice.reference or ""))
        before = Posting.objects.count()
        try:
            taken = take_in(System("bank"), content)
        except (Unreadable, NotOurAccount):
            assert not Statement.objects.exists() and not BankEntry.objects.exists()
            assert Posting.objects.count() == before
        else:
            assert taken == list(Statement.objects.order_by("pk"))
            match_all()
            told = set(BankEntry.objects.values_list("pk", "minor"))
            # The same file again tells nothing new, and settles nothing again.
            take_in(System("bank"), content)
            match_all()
            assert set(BankEntry.objects.values_list("pk", "minor")) == told
            assert BankItem.objects.filter(invoice=invoice, outcome="invoice").count() <= 1
        assert ledger.unbalanced_entries() == [] and proof.problems() == []
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def _bill(invoice: Invoice) -> None:
    """One open bill over CHF 54.05, which some of the files pay."""


@settings(max_examples=ROUNDS, deadline=None)
@given(data=st.data())
def test_reading_takes_work_in_proportion_to_the_file(data: st.DataObject) -> None:
    """Calls are counted, not seconds: a busy machine is no reason to fail."""
    content = data.draw(damaged("RF18539007547034"))
    calls = 0

    def count(*_frame: object) -> None:
        nonlocal calls
        calls += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        list(camt.read(io.BytesIO(content), most_bytes=1024 * 1024))
    except camt.BadStatement:
        pass
    finally:
        sys.setprofile(before)
    assert calls <= 1_000 + MOST_CALLS * len(content)
