"""The natural key of a bank entry: the same entry has the same key in every file that tells of it (BIL-70).

1. The bank's own id of the entry (AcctSvcrRef), together with currency, direction and amount. camt.053 and camt.054
   carry the same id, so a notice and the statement that follows count once. The amount is part of the key, because
   some banks give a payment and its charge one id: those are two entries.
2. Without such an id: a digest of what the entry says of itself (NtryRef, days, amount, text, and of each payment its
   references, payer and text), and a number that counts equal entries within one file. Two equal payments of one
   day are two, and a second file with both finds both.

NtryRef alone is no key: Swiss banks write the QR-IBAN or the participant's number there.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter

from kanton.billing.bank.camt import Movement


def natural_key(movement: Movement, account: str, seen: Counter[str]) -> str:
    """The key of this entry of `account`. `seen` counts equal entries of one statement; keep one per statement."""
    amount = [movement.amount.currency, movement.amount.minor]
    if movement.bank_reference:
        return _digest(["id", movement.bank_reference, *amount])
    said = [
        "said",
        account,
        *amount,
        movement.entry_reference,
        movement.booked_on.isoformat(),
        movement.valued_on.isoformat(),
        movement.text,
        sorted(
            [d.amount.minor, d.bank_reference, d.end_to_end, d.reference, d.iban, d.name, d.text]
            for d in movement.details
        ),
    ]
    digest = _digest(said)
    seen[digest] += 1
    return digest if seen[digest] == 1 else _digest([digest, seen[digest]])


def _digest(said: list[object]) -> str:
    return hashlib.sha256(json.dumps(said, ensure_ascii=True).encode()).hexdigest()
