"""The forms of shop and accounting. They only translate; the actions decide."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kanton.billing.payments.contract import PaymentProvider
from kanton.billing.quotes import guarantee_fee
from kanton.catalog.models import Plan
from kanton.catalog.queries import prices_of
from kanton.core.money import Money
from kanton.products.contract import OrderField
from kanton.ui import formats
from kanton.ui import forms as ui

TRANSFER = "transfer"


class OfferForm(ui.Form):
    """What the shop asks before an offer goes into the cart: what the product wants to know, how many, how long."""

    def __init__(self, plan: Plan, currency: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.plan = plan
        for asked in order_fields(plan):
            self.fields[asked.name] = forms.CharField(
                label=asked.label,
                help_text=asked.help_text,
                max_length=253,
                widget=forms.TextInput(attrs={"placeholder": asked.placeholder, "autocapitalize": "none"}),
            )
        if plan.has_quantity:
            self.fields["quantity"] = forms.IntegerField(
                label=plan.units_label.capitalize() or _("Quantity"),
                min_value=plan.min_quantity,
                max_value=plan.max_quantity,
                initial=plan.min_quantity,
            )
        prices = prices_of(plan)
        self.fields["months"] = forms.TypedChoiceField(
            label=_("Billing period"),
            coerce=int,
            choices=[
                (
                    price.months,
                    _("%(price)s per %(period)s")
                    % {"price": formats.money(price.amount), "period": price.period},
                )
                for price in prices
            ],
            initial=max((price.months for price in prices if price.months <= 12), default=12),
            widget=forms.RadioSelect if len(prices) <= 3 else forms.Select,
        )
        if plan.may_be_guaranteed:
            self.fields["is_guaranteed"] = forms.BooleanField(
                label=_("Renewal guarantee"), required=False, help_text=guarantee_words(plan, currency)
            )

    def clean(self) -> dict[str, Any]:
        """The arguments of `add_to_cart`."""
        cleaned = dict(self.cleaned_data)
        options = {asked.name: cleaned.pop(asked.name, "") for asked in order_fields(self.plan)}
        return cleaned | {"options": options, "plan": self.plan.code}


def guarantee_words(plan: Plan, currency: str) -> str:
    """What the guarantee does and what it costs, before it is ticked (BIL-110, BIL-112)."""
    product, fee = plan.sells, guarantee_fee(currency)
    words = [_("We renew it for you if you cannot pay in time, and send the invoice.")]
    if product is not None and product.guarantee_reason:
        words.append(str(product.guarantee_reason))
    words.append(
        _("It costs %(fee)s a month, without VAT, from the first renewal on.") % {"fee": formats.money(fee)}
        if fee
        else _("It costs nothing.")
    )
    return " ".join(words)


def order_fields(plan: Plan) -> list[OrderField]:
    """What the plan's product asks; a name where it says nothing."""
    product = plan.sells
    return list(product.order_fields if product else ()) or [OrderField("name", gettext_lazy("Name"))]


class OrderForm(ui.Form):
    """The cart summary's form: what the customer saw, and a key that makes the page count once."""

    expected_minor = forms.IntegerField(widget=forms.HiddenInput)
    expected_currency = forms.CharField(widget=forms.HiddenInput, max_length=3)
    request_key = forms.CharField(widget=forms.HiddenInput, max_length=60)

    def clean(self) -> dict[str, Any]:
        """The arguments of `order_cart`."""
        cleaned = dict(self.cleaned_data)
        minor, currency = cleaned.pop("expected_minor", None), cleaned.pop("expected_currency", "")
        try:
            cleaned["expected_total"] = Money(minor, currency) if minor is not None else None
        except (TypeError, ValueError):
            raise forms.ValidationError(_("Please load the page again.")) from None
        return cleaned


class MoneyField(forms.DecimalField):
    """An amount in a currency that the page knows."""

    def __init__(self, currency: str, **options: Any) -> None:
        self.currency = currency
        super().__init__(max_digits=12, decimal_places=2, **options)

    def clean(self, value: Any) -> Money | None:
        """The amount as money; apostrophes and commas as people write them are understood."""
        if isinstance(value, str):
            value = value.replace("'", "").replace("’", "").replace(",", ".").strip()
        amount: Decimal | None = super().clean(value)
        return None if amount is None else Money.of(amount, self.currency)


class PayForm(ui.Form):
    """How an invoice is paid: how much from the prepaid account, and by which method the rest (BIL-53)."""

    def __init__(
        self, total: Money, available: Money, providers: list[PaymentProvider], *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.total, self.available = total, available
        covers = available >= total
        if available.minor > 0:
            self.fields["prepaid_part"] = MoneyField(
                total.currency,
                label=_("From the prepaid account"),
                help_text=_("%(available)s are available. Leave empty to keep them.")
                % {"available": formats.money(available)},
                required=False,
                min_value=Decimal(0),
                initial=min(available, total).amount,
                widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
            )
        choices: list[tuple[str, Any]] = [(each.code, each.label) for each in providers]
        choices.append((TRANSFER, _("Bank transfer with QR-bill")))
        if covers:
            choices.insert(0, ("", _("Nothing: the prepaid account covers it")))
        self.fields["method"] = forms.ChoiceField(
            label=_("The rest by") if available.minor > 0 else _("Payment method"),
            choices=choices,
            required=False,
            initial="" if covers else choices[0][0],
            widget=forms.RadioSelect,
        )

    def clean(self) -> dict[str, Any]:
        """The arguments of `pay_invoice`."""
        cleaned = dict(self.cleaned_data)
        cleaned.setdefault("prepaid_part", None)
        if cleaned.get("method") == TRANSFER and cleaned["prepaid_part"]:
            self.add_error(
                "prepaid_part",
                _("A bank transfer pays the whole amount. Leave this empty, or choose another method."),
            )
        return cleaned


class TopUpForm(ui.Form):
    """How much, and by which method (BIL-51)."""

    def __init__(self, currency: str, providers: list[PaymentProvider], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"] = MoneyField(
            currency,
            label=_("Amount in %(currency)s") % {"currency": currency},
            help_text=_("From 5 to 10'000. It can be used as soon as the payment is confirmed."),
            widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        )
        choices = [(each.code, each.label) for each in providers]
        self.fields["method"] = forms.ChoiceField(
            label=_("Payment method"),
            choices=choices,
            initial=choices[0][0] if choices else "",
            widget=forms.RadioSelect,
        )
