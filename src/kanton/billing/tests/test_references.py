"""References: unique, checked, and never somebody else's after a typing error."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kanton.billing.references import (
    ReferenceType,
    creditor_reference,
    is_qr_iban,
    printed,
    qr_reference,
    read_reference,
    reference_for,
)

NUMBERS = st.integers(1, 10**18)
QR_IBAN = "CH44 3199 9123 0008 8901 2"
IBAN = "CH93 0076 2011 6238 5295 7"


@pytest.mark.spec("BIL-69")
@given(NUMBERS)
def test_what_is_written_is_read_back(number: int) -> None:
    assert read_reference(qr_reference(number)) == (ReferenceType.QRR, number)
    assert read_reference(creditor_reference(number)) == (ReferenceType.SCOR, number)
    assert read_reference(printed(qr_reference(number)).lower()) == (ReferenceType.QRR, number)
    assert read_reference(printed(creditor_reference(number)).lower()) == (ReferenceType.SCOR, number)


@pytest.mark.spec("BIL-63")
@given(NUMBERS, NUMBERS)
def test_two_numbers_never_share_a_reference(one: int, other: int) -> None:
    assume(one != other)
    assert qr_reference(one) != qr_reference(other)
    assert creditor_reference(one) != creditor_reference(other)


@pytest.mark.spec("BIL-69")
@given(NUMBERS, st.data())
def test_one_wrong_digit_belongs_to_nobody(number: int, data: st.DataObject) -> None:
    for make in (qr_reference, creditor_reference):
        reference = make(number)
        first_digit = 2 if reference.startswith("RF") else 0
        place = data.draw(st.integers(first_digit, len(reference) - 1))
        digit = data.draw(st.sampled_from([d for d in "0123456789" if d != reference[place]]))
        assert read_reference(reference[:place] + digit + reference[place + 1 :]) is None


@pytest.mark.spec("BIL-69")
@given(st.text(max_size=60))
def test_anything_at_all_can_be_read_without_harm(text: str) -> None:
    found = read_reference(text)
    assert found is None or found[1] >= 0


def test_the_account_decides_the_kind() -> None:
    assert is_qr_iban(QR_IBAN) and not is_qr_iban(IBAN) and not is_qr_iban("DE89370400440532013000")
    assert reference_for(21_00000_00003_13947_14300_0901, account=QR_IBAN) == "210000000003139471430009017"
    assert reference_for(17, account=IBAN) == creditor_reference(17)
    assert reference_for(17, account=IBAN).startswith("RF")


def test_references_are_printed_in_groups() -> None:
    assert printed("210000000003139471430009017") == "21 00000 00003 13947 14300 09017"
    assert printed("RF18539007547034") == "RF18 5390 0754 7034"


@pytest.mark.parametrize("number", [0, -1, 10**26])
def test_numbers_out_of_range_are_refused(number: int) -> None:
    with pytest.raises(ValueError, match="reference"):
        qr_reference(number)
    with pytest.raises(ValueError, match="reference"):
        creditor_reference(number)
