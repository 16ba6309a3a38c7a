"""Promo codes and free grants: issued by the staff, used by constraint once or as often as issued."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext as _

from kanton.accounts.models import Person
from kanton.billing.models import Cart, CartLine, InvoiceLine, Order, OrderLine
from kanton.billing.models.ledger import CURRENCY_CHOICES
from kanton.billing.pricing import Discount, Fixed, Percent
from kanton.core import clock
from kanton.core.money import Money
from kanton.organizations.models import Organization


class PromoCode(models.Model):
    """A code that gives a part of the price, or all of it, for new products, or also for renewals (BIL-32, BIL-35).

    It is for one product, or for one plan of it; with an organization, for that one only. `most_uses` None: no limit.
    """

    code = models.CharField(max_length=40, unique=True)
    product = models.CharField(max_length=40)
    plan = models.CharField(max_length=60, blank=True)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, null=True, blank=True, related_name="promo_codes"
    )
    percentage = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True)
    off_minor = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, choices=CURRENCY_CHOICES, blank=True)
    most_uses = models.PositiveIntegerField(null=True, blank=True)
    is_for_renewals = models.BooleanField(default=False)
    valid_from = models.DateField(default=clock.today)
    valid_until = models.DateField(null=True, blank=True)
    issued_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    issued_at = models.DateTimeField(default=clock.now)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-issued_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(percentage__gt=0, percentage__lte=100, off_minor=None, currency="")
                | Q(percentage=None, off_minor__gt=0) & ~Q(currency=""),
                name="code_gives_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gte=F("valid_from")),
                name="code_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return self.code

    def holds_on(self, day: date) -> bool:
        """Whether it may be used on this day."""
        return (
            self.withdrawn_at is None
            and self.valid_from <= day
            and (self.valid_until is None or day <= self.valid_until)
        )

    def fits(self, product: str, plan: str) -> bool:
        """Whether it is for this."""
        return self.product == product and self.plan in ("", plan)

    @property
    def discount(self) -> Discount:
        """What it takes off."""
        if self.percentage is not None:
            return Percent(self.percentage, self.code)
        return Fixed(Money(self.off_minor or 0, self.currency), self.code)


class CodeUse(models.Model):
    """One use of a code, reserved by the order that was placed first; a cancelled order gives it back (BIL-43).

    On a renewal it belongs to the line of its bill instead, and comes back when that bill is withdrawn.
    """

    code = models.ForeignKey(PromoCode, on_delete=models.PROTECT, related_name="uses")
    number = models.PositiveIntegerField()
    order = models.ForeignKey(Order, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    renewal = models.ForeignKey(
        InvoiceLine, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    used_at = models.DateTimeField(default=clock.now)
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["code", "number"], condition=Q(released_at=None), name="one_use_per_number"
            ),
            models.UniqueConstraint(fields=["line"], condition=Q(released_at=None), name="one_code_per_line"),
            models.UniqueConstraint(
                fields=["renewal"], condition=Q(released_at=None), name="one_code_per_renewal"
            ),
            models.CheckConstraint(
                condition=Q(order__isnull=False, line__isnull=False, renewal=None)
                | Q(order=None, line=None, renewal__isnull=False),
                name="code_is_used_for_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return self.code.code


class FreeGrant(models.Model):
    """One product for nothing, for one organization (BIL-37, BIL-38). `line` is the order line that used it."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="free_grants")
    product = models.CharField(max_length=40)
    plan = models.CharField(max_length=60, blank=True)
    valid_until = models.DateField(null=True, blank=True)
    line = models.OneToOneField(
        OrderLine, on_delete=models.PROTECT, null=True, blank=True, related_name="free_grant"
    )
    issued_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    issued_at = models.DateTimeField(default=clock.now)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-issued_at", "-pk"]

    def __str__(self) -> str:
        return _("Free grant %(number)s") % {"number": self.pk}

    def fits(self, product: str, plan: str) -> bool:
        """Whether it is for this."""
        return self.product == product and self.plan in ("", plan)


class CartPromotion(models.Model):
    """What a cart line was given: a code or a grant, never both and never two (BIL-39, BIL-40)."""

    line = models.OneToOneField(CartLine, on_delete=models.CASCADE, related_name="promotion")
    code = models.ForeignKey(PromoCode, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    grant = models.OneToOneField(FreeGrant, on_delete=models.CASCADE, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(code__isnull=False, grant=None) | Q(code=None, grant__isnull=False),
                name="code_or_grant",
            )
        ]

    def __str__(self) -> str:
        return str(self.code or self.grant)


class CartMethod(models.Model):
    """How the cart will be paid: chosen before a code can be entered (BIL-33)."""

    cart = models.OneToOneField(Cart, on_delete=models.CASCADE, related_name="chosen_method")
    method = models.CharField(max_length=40)

    def __str__(self) -> str:
        return self.method
