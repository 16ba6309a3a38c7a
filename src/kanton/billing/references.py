"""Payment references with check digits: the Swiss QR reference and the ISO 11649 creditor reference (BIL-69).

A reference is made from an invoice's own number, so no two invoices share one (BIL-63), and is read back only
when its check digits are right: a mistyped one is nobody's.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache

from stdnum import iban, iso11649
from stdnum.ch import esr
from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_97_10

QR_LENGTH = 27
_QR_IIDS = range(30000, 32000)
_CARRIES = (0, 9, 4, 6, 8, 2, 7, 1, 3, 5)


class ReferenceType(StrEnum):
    """How a reference is written, in the words of the QR-bill."""

    QRR = "QRR"
    SCOR = "SCOR"


def qr_reference(number: int) -> str:
    """The 27-digit Swiss QR reference of this number, with its check digit."""
    if not 0 < number < 10 ** (QR_LENGTH - 1):
        raise ValueError("a QR reference is made from a positive number of at most 26 digits")
    carry = 0
    for digit in str(number):  # modulo 10, recursive; leading zeros carry nothing
        carry = _CARRIES[(carry + int(digit)) % 10]
    return f"{number:0{QR_LENGTH - 1}d}{(10 - carry) % 10}"


def creditor_reference(number: int) -> str:
    """The ISO 11649 creditor reference (`RF…`) of this number."""
    if not 0 < number < 10**21:
        raise ValueError("a creditor reference is made from a positive number of at most 21 digits")
    body = f"{number:06d}"
    return f"RF{mod_97_10.calc_check_digits(f'{body}RF')}{body}"


def reference_for(number: int, *, account: str) -> str:
    """The reference that goes with this account: a QR-IBAN wants a QR reference, any other IBAN an RF one."""
    return qr_reference(number) if is_qr_iban(account) else creditor_reference(number)


@lru_cache(maxsize=64)
def is_qr_iban(account: str) -> bool:
    """Whether an IBAN is a QR-IBAN (its bank clearing number lies between 30000 and 31999)."""
    compact = str(iban.compact(account))
    return compact[:2] in {"CH", "LI"} and compact[4:9].isdigit() and int(compact[4:9]) in _QR_IIDS


def read_reference(text: str) -> tuple[ReferenceType, int] | None:
    """The kind and number behind a reference as somebody wrote it, or None if it fails its check."""
    compact = "".join(text.split()).upper()
    if not compact.isascii() or len(compact) > QR_LENGTH:
        return None
    try:
        if compact.startswith("RF"):
            body = str(iso11649.validate(compact))[4:]
            return (ReferenceType.SCOR, int(body)) if body.isdigit() else None
        if compact.isdigit() and len(compact) == QR_LENGTH:
            esr.validate(compact)
            return ReferenceType.QRR, int(compact[:-1])
    except ValidationError:
        return None
    return None


def printed(reference: str) -> str:
    """The reference in the groups in which it is printed."""
    if reference.startswith("RF"):
        return str(iso11649.format(reference))
    return str(esr.format(reference))
