"""Bank statements, their entries, and the payments within them; transfers that go out."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kanton.accounts.models import Person
from kanton.billing.models import Invoice
from kanton.billing.models.ledger import CURRENCY_CHOICES
from kanton.core import clock
from kanton.core.money import Money
from kanton.organizations.models import Organization


class Statement(models.Model):
    """One statement or notice that was taken in. The same file again finds it by `digest` and changes nothing."""

    digest = models.CharField(max_length=64)
    position = models.PositiveIntegerField(default=1)
    kind = models.CharField(max_length=8)
    version = models.CharField(max_length=2)
    message = models.CharField(max_length=100, blank=True)
    file_name = models.CharField(max_length=120, blank=True)
    account = models.CharField(max_length=34)
    opening_minor = models.BigIntegerField(null=True)
    closing_minor = models.BigIntegerField(null=True)
    entries = models.PositiveIntegerField(default=0)
    new_entries = models.PositiveIntegerField(default=0)
    difference_minor = models.BigIntegerField(default=0)
    person = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    imported_at = models.DateTimeField(default=clock.now, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["digest", "position"], name="statement_once")]

    def __str__(self) -> str:
        return self.file_name or self.message or f"{self.kind} {self.pk}"

    @property
    def adds_up(self) -> bool:
        """Whether the opening balance and the entries make the closing balance."""
        return self.difference_minor == 0


class BankEntry(models.Model):
    """One booked entry of a bank account, counted once however many files tell of it (`key`, see keys.py)."""

    key = models.CharField(max_length=64, unique=True)
    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="found")
    account = models.CharField(max_length=34)
    currency = models.CharField(max_length=3, choices=CURRENCY_CHOICES)
    minor = models.BigIntegerField()
    booked_on = models.DateField()
    valued_on = models.DateField()
    bank_reference = models.CharField(max_length=60, blank=True)
    text = models.CharField(max_length=300, blank=True)
    is_reversal = models.BooleanField(default=False)
    count = models.PositiveIntegerField(default=1)
    has_details = models.BooleanField(default=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(minor=0), name="bank_entry_moves_something")]

    def __str__(self) -> str:
        return f"{self.booked_on} {self.amount}"

    @property
    def amount(self) -> Money:
        """Money in is positive."""
        return Money(self.minor, self.currency)


class ItemState(models.TextChoices):
    """Where a payment from a statement stands."""

    NEW = "new", pgettext_lazy("a payment of a bank statement", "Being matched")
    OPEN = "open", pgettext_lazy("a payment of a bank statement", "To be settled")
    SETTLED = "settled", pgettext_lazy("a payment of a bank statement", "Settled")


class Tier(models.TextChoices):
    """How sure we are what a payment is for."""

    CERTAIN = "certain", _("Certain")
    PROPOSED = "proposed", _("Proposed")
    UNKNOWN = "unknown", _("Unknown")


class Outcome(models.TextChoices):
    """What became of a payment."""

    INVOICE = "invoice", _("Invoice paid")
    PREPAID = "prepaid", _("On the prepaid account")
    SUSPENSE = "suspense", _("Kept for the operator")
    SENT_BACK = "sent_back", _("Sent back")
    TRANSFER = "transfer", _("Our own transfer")
    RETURNED = "returned", _("Our transfer came back")
    CHARGES = "charges", _("Bank charges")
    PROVIDER = "provider", _("From a payment provider")


class BankItem(models.Model):
    """One payment within an entry: what is matched. `why` is the code of the reason for tier and proposal."""

    bank_entry = models.ForeignKey(BankEntry, on_delete=models.PROTECT, related_name="items")
    position = models.PositiveIntegerField(default=1)
    minor = models.BigIntegerField()
    reference = models.CharField(max_length=60, blank=True)
    text = models.CharField(max_length=500, blank=True)
    name = models.CharField(max_length=140, blank=True)
    iban = models.CharField(max_length=34, blank=True)
    end_to_end = models.CharField(max_length=35, blank=True)
    batch = models.CharField(max_length=60, blank=True)
    reason = models.CharField(max_length=35, blank=True)
    state = models.CharField(max_length=8, choices=ItemState.choices, default=ItemState.NEW)
    tier = models.CharField(max_length=8, choices=Tier.choices, blank=True)
    why = models.CharField(max_length=30, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    invoice = models.ForeignKey(
        Invoice, on_delete=models.PROTECT, null=True, blank=True, related_name="bank_items"
    )
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, null=True, blank=True, related_name="bank_items"
    )
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bank_entry", "position"], name="one_bank_item_per_position"),
            models.CheckConstraint(condition=~Q(minor=0), name="bank_item_moves_something"),
            models.CheckConstraint(
                condition=Q(state="settled", settled_at__isnull=False) & ~Q(outcome="")
                | ~Q(state="settled") & Q(outcome=""),
                name="settled_bank_items_say_how",
            ),
        ]
        indexes = [
            models.Index(fields=["state"], name="bank_item_waits", condition=~Q(state="settled")),
            models.Index(fields=["iban"], name="bank_item_of_payer", condition=~Q(iban="")),
            models.Index(fields=["reference"], name="bank_item_by_reference", condition=~Q(reference="")),
        ]

    def __str__(self) -> str:
        entry = self.bank_entry
        return f"{self.name or self.text or entry.text or entry.bank_reference} {self.amount}".strip()

    @property
    def amount(self) -> Money:
        """Money in is positive."""
        return Money(self.minor, self.bank_entry.currency)

    @property
    def is_credit(self) -> bool:
        """Whether it is money that came in."""
        return self.minor > 0


class TopUpReference(models.Model):
    """The payment reference by which an organization fills its prepaid account by transfer (BIL-61)."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="top_up_references")
    currency = models.CharField(max_length=3, choices=CURRENCY_CHOICES)
    reference = models.CharField(max_length=27, unique=True, null=True)
    account = models.CharField(max_length=34)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "currency"], name="one_top_up_reference")
        ]

    def __str__(self) -> str:
        return self.reference or ""


class TransferState(models.TextChoices):
    """The life of a transfer that goes out."""

    ASKED = "asked", pgettext_lazy("an outgoing transfer", "Asked for")
    ORDERED = "ordered", pgettext_lazy("an outgoing transfer", "With the bank")
    DONE = "done", pgettext_lazy("an outgoing transfer", "Done")
    RETURNED = "returned", pgettext_lazy("an outgoing transfer", "Came back")
    CANCELLED = "cancelled", pgettext_lazy("an outgoing transfer", "Cancelled")


class TransferPurpose(models.TextChoices):
    """Why money goes out."""

    WITHDRAWAL = "withdrawal", _("Withdrawal")
    SENT_BACK = "sent_back", _("Sent back")
    REFUND = "refund", _("Refund")


class Destination(models.TextChoices):
    """Where it goes (BIL-54)."""

    BANK = "bank", _("Bank account")
    PAYPAL = "paypal", _("PayPal")


class TransferFile(models.Model):
    """One pain.001 file: the transfers of one currency that staff hand to the bank together."""

    message = models.CharField(max_length=35, unique=True)
    currency = models.CharField(max_length=3, choices=CURRENCY_CHOICES)
    count = models.PositiveIntegerField()
    minor = models.BigIntegerField()
    content = models.BinaryField()
    made_at = models.DateTimeField(default=clock.now)
    person = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    def __str__(self) -> str:
        return self.message

    @property
    def total(self) -> Money:
        """The sum of its transfers."""
        return Money(self.minor, self.currency)


class Transfer(models.Model):
    """Money that leaves: a withdrawal, or a payment sent back. Booked when it is asked for, which sets it aside."""

    purpose = models.CharField(max_length=10, choices=TransferPurpose.choices)
    destination = models.CharField(max_length=6, choices=Destination.choices, default=Destination.BANK)
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, null=True, blank=True, related_name="transfers"
    )
    item = models.OneToOneField(
        BankItem, on_delete=models.PROTECT, null=True, blank=True, related_name="transfer"
    )
    currency = models.CharField(max_length=3, choices=CURRENCY_CHOICES)
    minor = models.BigIntegerField()
    name = models.CharField(max_length=70)
    account = models.CharField(max_length=254)
    text = models.CharField(max_length=140, blank=True)
    key = models.CharField(max_length=35, unique=True, null=True)
    state = models.CharField(max_length=9, choices=TransferState.choices, default=TransferState.ASKED)
    file = models.ForeignKey(
        TransferFile, on_delete=models.PROTECT, null=True, blank=True, related_name="transfers"
    )
    person = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    asked_at = models.DateTimeField(default=clock.now)
    changed_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(minor__gt=0), name="transfer_moves_something")]
        indexes = [
            models.Index(fields=["organization", "-asked_at"], name="transfer_of_organization"),
            models.Index(
                fields=["state"], name="transfer_waits", condition=Q(state__in=["asked", "ordered"])
            ),
        ]

    def __str__(self) -> str:
        return str(self.amount)

    @property
    def amount(self) -> Money:
        """What goes out."""
        return Money(self.minor, self.currency)

    @property
    def account_hint(self) -> str:
        """The destination, readable and not complete."""
        if self.destination == Destination.PAYPAL:
            name, _at, domain = self.account.partition("@")
            return f"{name[:2]}…@{domain}"
        return f"{self.account[:4]} … {self.account[-4:]}"
