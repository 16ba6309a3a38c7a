"""Plans and prices: what the operator offers, in which currency, for which period, from which day on."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from kanton.core import clock
from kanton.core.money import CURRENCIES, Money
from kanton.products.contract import Group

if TYPE_CHECKING:
    from kanton.products.contract import Product


def in_language(texts: dict[str, Any]) -> Any:
    """The text in the language active now; in English where the operator has not translated it."""
    language = (get_language() or "en").split("-")[0]
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")


class PlanQuerySet(models.QuerySet["Plan"]):
    """Knows what may be bought."""

    def on_sale(self) -> PlanQuerySet:
        """Plans that the shop shows."""
        return self.filter(withdrawn_at=None)


class Plan(models.Model):
    """One offer of a product: "Mail Starter", "Domain .ch".

    `limits` is handed to the product with the customer's options; `units` names what the quantity counts, one and
    many ("address", "addresses"), and is empty where there is always one. Texts are in the operator's words, by
    language.
    """

    code = models.SlugField(max_length=60, unique=True)
    product = models.CharField(max_length=40)
    group = models.CharField(max_length=20, choices=Group.choices)
    names = models.JSONField(default=dict)
    summaries = models.JSONField(default=dict)
    features = models.JSONField(default=dict)
    units = models.JSONField(default=dict, blank=True)
    limits = models.JSONField(default=dict, blank=True)
    min_quantity = models.PositiveIntegerField(default=1, validators=[MinValueValidator(1)])
    max_quantity = models.PositiveIntegerField(default=1)
    is_guarantee_offered = models.BooleanField(default=True)
    position = models.PositiveIntegerField(default=100)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[PlanQuerySet] = PlanQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["position", "code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(min_quantity__gte=1, max_quantity__gte=models.F("min_quantity")),
                name="plan_quantities_in_order",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The plan's name in the reader's language."""
        return str(in_language(self.names)) or self.code

    @property
    def summary(self) -> str:
        """One sentence about it."""
        return str(in_language(self.summaries))

    @property
    def feature_list(self) -> list[str]:
        """What it includes, point by point."""
        return list(in_language(self.features) or [])

    @property
    def unit(self) -> str:
        """What the quantity counts, in the singular; nothing where there is always one."""
        return str(in_language(self.units)[0]) if self.units else ""

    @property
    def units_label(self) -> str:
        """What the quantity counts, in the plural."""
        return str(in_language(self.units)[1]) if self.units else ""

    @property
    def has_quantity(self) -> bool:
        """Whether the customer chooses how many."""
        return self.max_quantity > self.min_quantity

    @property
    def may_be_guaranteed(self) -> bool:
        """Whether the renewal guarantee can be ticked while ordering: the plan and its product both say (BIL-19)."""
        product = self.sells
        return self.is_guarantee_offered and (product is None or product.guarantee_when_ordering)

    @property
    def sells(self) -> Product | None:
        """The product behind it; None while it is not installed."""
        from kanton.products.contract import product_called

        try:
            return product_called(self.product)
        except KeyError:
            return None


class PriceQuerySet(models.QuerySet["Price"]):
    """Knows which price holds."""

    def valid_on(self, day: date) -> PriceQuerySet:
        """Prices in force on this day."""
        return self.filter(valid_from__lte=day).filter(Q(valid_until=None) | Q(valid_until__gte=day))


class Price(models.Model):
    """What one unit of a plan costs for one period in one currency, without VAT, from a day on (BIL-1)."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="prices")
    currency = models.CharField(max_length=3, choices=[(code, code) for code in CURRENCIES])
    months = models.PositiveSmallIntegerField(validators=[MinValueValidator(1)])
    minor = models.BigIntegerField()
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True)

    objects: ClassVar[PriceQuerySet] = PriceQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["months"]
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "currency", "months", "valid_from"], name="one_price_per_day"
            ),
            models.UniqueConstraint(
                fields=["plan", "currency", "months"], condition=Q(valid_until=None), name="one_open_price"
            ),
            models.CheckConstraint(condition=Q(minor__gte=0, months__gte=1), name="price_not_negative"),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gte=models.F("valid_from")),
                name="price_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} / {self.months}"

    @property
    def amount(self) -> Money:
        """The price as money."""
        return Money(self.minor, self.currency)

    @property
    def period(self) -> str:
        """The period in words: "month", "year", "3 months"."""
        return period_name(self.months)


def period_name(months: int) -> str:
    """A billing period in words, as it follows "per"."""
    if months == 1:
        return _("month")
    if months % 12 == 0:
        years = months // 12
        return _("year") if years == 1 else ngettext("%(n)s year", "%(n)s years", years) % {"n": years}
    return ngettext("%(n)s month", "%(n)s months", months) % {"n": months}
