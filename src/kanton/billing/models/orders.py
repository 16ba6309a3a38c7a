"""Carts and orders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kanton.accounts.models import Person
from kanton.billing.models.ledger import CURRENCY_CHOICES
from kanton.catalog.models import Plan
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.money import Money
from kanton.organizations.models import Organization


class Cart(models.Model):
    """What somebody is about to order, found again by a cookie (BIL-16). It belongs to a browser, not to a person."""

    digest = models.CharField(max_length=64, unique=True)
    currency = models.CharField(max_length=3, choices=CURRENCY_CHOICES, default="CHF")
    created_at = models.DateTimeField(default=clock.now, editable=False)
    changed_at = models.DateTimeField(default=clock.now, db_index=True)

    def __str__(self) -> str:
        return f"cart {self.pk}"


class CartLine(models.Model):
    """One thing in a cart. Its price is looked up whenever it is shown, never stored (BIL-22)."""

    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="lines")
    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=253)
    quantity = models.PositiveIntegerField(default=1, validators=[MinValueValidator(1)])
    months = models.PositiveSmallIntegerField()
    options = models.JSONField(default=dict)
    is_guaranteed = models.BooleanField(default=False)
    added_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["added_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["cart", "plan", "name"], condition=~Q(name=""), name="one_cart_line_per_name"
            )
        ]

    def __str__(self) -> str:
        return self.name or str(self.plan)


class OrderState(models.TextChoices):
    """The life of an order (BIL-21)."""

    DRAFT = "draft", _("Draft")
    AWAITING_PAYMENT = "awaiting_payment", _("Awaiting payment")
    BLOCKED = "blocked", pgettext_lazy("an order", "Blocked")
    PAID = "paid", _("Paid")
    BEING_SET_UP = "being_set_up", _("Being set up")
    ACTIVE = "active", pgettext_lazy("an order", "Active")
    CANCELLED = "cancelled", _("Cancelled")
    REFUNDED = "refunded", _("Refunded")


#: Every change of state that may happen; any other is refused.
TRANSITIONS: Mapping[OrderState, frozenset[OrderState]] = {
    OrderState.DRAFT: frozenset({OrderState.AWAITING_PAYMENT, OrderState.CANCELLED}),
    OrderState.AWAITING_PAYMENT: frozenset({OrderState.PAID, OrderState.BLOCKED, OrderState.CANCELLED}),
    OrderState.BLOCKED: frozenset({OrderState.AWAITING_PAYMENT, OrderState.PAID, OrderState.CANCELLED}),
    OrderState.PAID: frozenset({OrderState.BEING_SET_UP, OrderState.BLOCKED, OrderState.REFUNDED}),
    OrderState.BEING_SET_UP: frozenset({OrderState.ACTIVE, OrderState.REFUNDED}),
    OrderState.ACTIVE: frozenset({OrderState.REFUNDED}),
    OrderState.CANCELLED: frozenset(),
    OrderState.REFUNDED: frozenset(),
}


class OrderQuerySet(models.QuerySet["Order"]):
    """Knows who may see what."""

    def of(self, actor: Actor, organization: Organization) -> OrderQuerySet:
        """The organization's orders; the query that found the organization decided who may look."""
        return self.filter(organization=organization)


class Order(models.Model):
    """What an organization bought in one go. Its invoice holds the money, its lines what is set up."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="orders")
    person = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    state = models.CharField(max_length=16, choices=OrderState.choices, default=OrderState.DRAFT)
    currency = models.CharField(max_length=3, choices=CURRENCY_CHOICES)
    placed_at = models.DateTimeField(default=clock.now)
    changed_at = models.DateTimeField(default=clock.now)
    request_key = models.CharField(max_length=80, unique=True)

    objects: ClassVar[OrderQuerySet] = OrderQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = [
            models.Index(fields=["organization", "-placed_at"], name="order_of_organization"),
            models.Index(fields=["state"], name="order_by_state"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """What people call it."""
        return f"#{self.pk}"

    def may_become(self, state: OrderState) -> bool:
        """Whether the table allows this change."""
        return state in TRANSITIONS[OrderState(self.state)]

    @property
    def is_open(self) -> bool:
        """Still to be paid."""
        return self.state in (OrderState.AWAITING_PAYMENT, OrderState.BLOCKED)


class OrderLine(models.Model):
    """One line of an order, frozen as it was ordered. Set up exactly once, under its own key (BIL-23)."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField()
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    product = models.CharField(max_length=40)
    title = models.CharField(max_length=120)
    name = models.CharField(max_length=253)
    options = models.JSONField(default=dict)
    quantity = models.PositiveIntegerField()
    months = models.PositiveSmallIntegerField()
    unit_minor = models.BigIntegerField()
    net_minor = models.BigIntegerField()
    is_guaranteed = models.BooleanField(default=False)
    problem = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="one_order_line_per_position"),
            models.CheckConstraint(
                condition=Q(unit_minor__gte=0, net_minor__gte=0, quantity__gte=1, months__gte=1),
                name="order_line_makes_sense",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.title

    @property
    def service_key(self) -> str:
        """The key under which its service is set up, so that it is set up once only."""
        return f"order-line:{self.pk}"

    @property
    def unit(self) -> Money:
        """The price of one unit for one period."""
        return Money(self.unit_minor, self.order.currency)

    @property
    def net(self) -> Money:
        """What the line costs without VAT."""
        return Money(self.net_minor, self.order.currency)

    @property
    def merged_options(self) -> dict[str, Any]:
        """What the product gets: the plan's limits, the customer's answers, the quantity."""
        return {**self.options, "plan": self.plan.code, "quantity": self.quantity}
