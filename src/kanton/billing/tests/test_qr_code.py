"""The fast QR codes are, module for module, those of segno."""

from __future__ import annotations

import segno
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kanton.billing.documents import qr_bill, qr_code
from kanton.billing.tests.test_documents import pro_forma

texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=300)


@settings(max_examples=25, deadline=None)
@given(texts)
@example(qr_bill.payload(pro_forma()))
@example("1011101" * 40)
@example("\xaa\x55" * 60)
def test_a_code_is_the_one_that_segno_makes(text: str) -> None:
    theirs = segno.make(text, error="m", mode="byte", encoding="utf-8", micro=False, boost_error=False)
    assert qr_code.modules(text) == ["".join(map(str, row)) for row in theirs.matrix]
