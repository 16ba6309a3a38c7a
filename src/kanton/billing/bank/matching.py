"""What a payment on a statement is for: certain, proposed or unknown. Reads only; settling.py carries it out.

Certain is only what carries a reference whose check digits are right and which is known: then the rules of BIL-64,
65, 71 and 74 decide alone, whatever the amount. A mistyped reference fails its check and is nobody's (BIL-69).
What merely looks right (a reference within free text, the amount of one open invoice and the payer's name, a payer
we know) is proposed, and a person of the staff settles it with one click.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.db.models import Q

from kanton.billing.bank.models import (
    BankItem,
    ItemState,
    Outcome,
    Tier,
    TopUpReference,
    Transfer,
    TransferState,
)
from kanton.billing.models import Invoice, InvoiceStatus
from kanton.billing.references import read_reference
from kanton.core.money import Money
from kanton.organizations.models import Organization

_IN_TEXT = re.compile(r"(?<![A-Z0-9])(RF\d{2}(?:\s?[0-9]){1,21}|\d(?:\s?\d){26})(?![A-Z0-9])")
_LABEL = re.compile(r"(?<![A-Z0-9])(P-\d{1,12}|(?:C-)?\d{4}-\d{6})(?![A-Z0-9])")
_COMMON = {"ag", "gmbh", "sa", "sarl", "srl", "ltd", "herr", "frau", "and", "und", "the", "der", "die", "von"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """How sure we are, why (a code of words.WHY), and what it seems to be for."""

    tier: Tier
    why: str
    invoice: Invoice | None = None
    organization: Organization | None = None
    transfer: Transfer | None = None


def judge(item: BankItem) -> Verdict:
    """What this payment is for."""
    if transfer := _our_transfer(item):
        return Verdict(Tier.CERTAIN, "our_transfer", transfer=transfer)
    if not item.is_credit:
        return Verdict(Tier.UNKNOWN, "reversal" if item.bank_entry.is_reversal else "went_out")
    if item.bank_entry.is_reversal:
        return Verdict(Tier.UNKNOWN, "reversal")
    if item.bank_entry.count > 1 and not item.bank_entry.has_details:
        return Verdict(Tier.UNKNOWN, "without_details")
    if item.reference:
        if found := _by_reference(item.reference, "reference"):
            return found
        why = "reference_unknown" if read_reference(item.reference) else "reference_wrong"
        return _proposal(item) or Verdict(Tier.UNKNOWN, why)
    written = {
        "".join(match.split()) for match in _IN_TEXT.findall(item.text.upper()) if read_reference(match)
    }
    if len(written) == 1:
        found = _by_reference(written.pop(), "reference_in_text")
        if found and found.invoice and found.invoice.is_open and found.invoice.total == item.amount:
            return found
        if found:
            return Verdict(Tier.PROPOSED, found.why, found.invoice, found.organization)
    return _proposal(item) or Verdict(
        Tier.UNKNOWN, "references_many" if len(written) > 1 else "nothing_known"
    )


def _our_transfer(item: BankItem) -> Transfer | None:
    """A transfer of ours that left, or came back."""
    if not item.end_to_end:
        return None
    found = Transfer.objects.filter(
        key=item.end_to_end, currency=item.bank_entry.currency, minor=abs(item.minor)
    ).first()
    if found is None:
        return None
    states = {TransferState.ORDERED}
    if item.is_credit:
        states.add(TransferState.DONE)
    elif found.state == TransferState.RETURNED:
        seen = BankItem.objects.filter(end_to_end=found.key)
        # It came back before we saw it leave; this is it leaving.
        if (
            seen.filter(outcome=Outcome.RETURNED).exists()
            and not seen.filter(outcome=Outcome.TRANSFER).exists()
        ):
            return found
    return found if found.state in states else None


def _by_reference(written: str, why: str) -> Verdict | None:
    """Whose reference this is. Its check digits must be right."""
    if read_reference(written) is None:
        return None
    reference = "".join(written.split()).upper()
    if invoice := Invoice.objects.select_related("organization").filter(reference=reference).first():
        return Verdict(Tier.CERTAIN, why, invoice, invoice.organization)
    if top_up := TopUpReference.objects.select_related("organization").filter(reference=reference).first():
        return Verdict(Tier.CERTAIN, "top_up", None, top_up.organization)
    return None


def _proposal(item: BankItem) -> Verdict | None:
    """What it could be, if exactly one thing fits."""
    said = f"{item.text} {item.reference}".upper()
    labels = set(_LABEL.findall(said))
    named = [found for label in labels if (found := _by_label(label, item.amount))]
    if len(named) == 1:
        return Verdict(Tier.PROPOSED, "number_in_text", named[0], named[0].organization)
    payer = _known_payer(item)
    fitting = list(
        Invoice.objects.select_related("organization").filter(
            status=InvoiceStatus.OPEN, currency=item.bank_entry.currency, total_minor=item.minor
        )[:50]
    )
    of_payer = [each for each in fitting if each.organization == payer]
    if len(of_payer) == 1:
        return Verdict(Tier.PROPOSED, "amount_and_payer", of_payer[0], payer)
    alike = [each for each in fitting if _alike(item.name, str(each.customer.get("name", "")))]
    if len(alike) == 1:
        return Verdict(Tier.PROPOSED, "amount_and_name", alike[0], alike[0].organization)
    return Verdict(Tier.PROPOSED, "known_payer", None, payer) if payer else None


def _by_label(label: str, amount: Money) -> Invoice | None:
    """The open invoice with this number on it, in this currency."""
    which = Q(pk=int(label[2:])) if label.startswith("P-") else Q(number=label)
    return (
        Invoice.objects.select_related("organization")
        .filter(which, status=InvoiceStatus.OPEN, currency=amount.currency)
        .first()
    )


def _known_payer(item: BankItem) -> Organization | None:
    """The one organization for which this account has paid before."""
    if not item.iban:
        return None
    before = (
        BankItem.objects.filter(
            iban=item.iban, state=ItemState.SETTLED, outcome__in=[Outcome.INVOICE, Outcome.PREPAID]
        )
        .exclude(organization=None)
        .order_by("organization")
        .values_list("organization", flat=True)
        .distinct()[:2]
    )
    found = list(before)
    return Organization.objects.get(pk=found[0]) if len(found) == 1 else None


def _alike(name: str, other: str) -> bool:
    """Whether two names share every word of the shorter one, leaving out legal forms."""
    one, two = _words(name), _words(other)
    if not one or not two:
        return False
    return one <= two or two <= one


def _words(name: str) -> set[str]:
    return {word for word in re.findall(r"\w{2,}", name.casefold()) if word not in _COMMON}


def is_gone(organization: Organization) -> bool:
    """Whether nobody is left to tell: the organization was deleted, its documents are kept (BIL-130)."""
    return not organization.memberships.exists()


def is_standing_order(item: BankItem, invoice: Invoice) -> bool:
    """Whether the same payer has paid with this reference before (BIL-65)."""
    earlier = BankItem.objects.filter(invoice=invoice, state=ItemState.SETTLED, minor__gt=0).exclude(
        pk=item.pk
    )
    return earlier.filter(Q(iban=item.iban) | Q(iban="")).exists()
