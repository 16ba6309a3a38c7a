"""What billing adds to the frame: the menu, the start page, the search."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kanton.billing import prepaid
from kanton.billing.queries import invoices_of, unpaid_invoices
from kanton.billing.web import cart_size
from kanton.organizations.rights import ACCOUNTING, ORDER
from kanton.ui import formats, home, search, shell


def register() -> None:
    """Called once when the app starts."""
    group = shell.Group
    shell.register(
        shell.NavEntry(
            "shop", group.SHOP, gettext_lazy("Shop"), "shopping-bag", "billing:shop", order=10, shown=_may_order
        ),
        shell.NavEntry(
            "cart", group.SHOP, gettext_lazy("Cart"), "shopping-cart", "billing:cart", order=20,
            shown=_has_cart, badge=cart_size,
        ),
        shell.NavEntry(
            "orders", group.SHOP, gettext_lazy("Orders"), "package", "billing:orders", order=30,
            shown=lambda request: _may_order(request) or _keeps_accounts(request),
        ),
        shell.NavEntry(
            "invoices", group.ACCOUNTING, gettext_lazy("Invoices"), "receipt", "billing:invoices", order=10,
            shown=_keeps_accounts,
        ),
        shell.NavEntry(
            "prepaid", group.ACCOUNTING, gettext_lazy("Prepaid account"), "wallet", "billing:prepaid", order=20,
            shown=_keeps_accounts,
        ),
    )  # fmt: skip
    home.register_attention("billing.unpaid", unpaid)
    home.register_attention("billing.cart", waiting_cart)
    home.register_figures("billing.prepaid", balance)
    search.register(search.Source("invoices", gettext_lazy("Invoices"), find_invoices, order=40))


def _may_order(request: HttpRequest) -> bool:
    return bool(request.actor.has_right(ORDER, request.organization))  # type: ignore[attr-defined]


def _keeps_accounts(request: HttpRequest) -> bool:
    return bool(request.actor.has_right(ACCOUNTING, request.organization))  # type: ignore[attr-defined]


def _has_cart(request: HttpRequest) -> bool:
    return _may_order(request) and cart_size(request) > 0


def unpaid(request: HttpRequest) -> Iterator[home.Attention]:
    """Invoices that wait to be paid."""
    if not _keeps_accounts(request):
        return
    organization = request.organization  # type: ignore[attr-defined]
    for invoice in unpaid_invoices(request.actor, organization)[:5]:  # type: ignore[attr-defined]
        text = _("%(number)s over %(total)s is to be paid until %(day)s.") % {
            "number": invoice.label,
            "total": formats.money(invoice.total),
            "day": formats.date(invoice.due_on),
        }
        url = reverse("billing:pay", args=[organization.slug, invoice.pk])
        yield home.Attention(text, url, _("Pay"), order=15, at=invoice.due_on)


def waiting_cart(request: HttpRequest) -> Iterator[home.Attention]:
    """A cart that was filled and not ordered."""
    if size := cart_size(request) if _may_order(request) else 0:
        text = ngettext("%(n)s thing waits in your cart.", "%(n)s things wait in your cart.", size) % {
            "n": size
        }
        url = reverse("billing:cart", args=[request.organization.slug])  # type: ignore[attr-defined]
        yield home.Attention(text, url, _("Look at the cart"), kind="note", order=60)


def balance(request: HttpRequest) -> Iterator[home.Figure]:
    """What is on the prepaid account."""
    if not _keeps_accounts(request):
        return
    organization = request.organization  # type: ignore[attr-defined]
    standing = prepaid.standing(organization, organization.currency)
    yield home.Figure(
        _("Prepaid account"),
        formats.money(standing.available),
        url=reverse("billing:prepaid", args=[organization.slug]),
        icon="wallet",
        order=30,
    )


def find_invoices(request: HttpRequest, words: str, limit: int) -> Iterator[search.Result]:
    """Invoices by number and by what was bought."""
    if not _keeps_accounts(request):
        return
    organization = request.organization  # type: ignore[attr-defined]
    found = invoices_of(request.actor, organization)  # type: ignore[attr-defined]
    for word in words.split():
        found = found.filter(
            Q(number__icontains=word) | Q(lines__detail__icontains=word) | Q(lines__title__icontains=word)
        )
    for invoice in found.distinct()[:limit]:
        url = reverse("billing:invoice", args=[organization.slug, invoice.pk])
        yield search.Result(invoice.label, url, "receipt", formats.money(invoice.total))
