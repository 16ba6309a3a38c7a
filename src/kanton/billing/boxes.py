"""The port for what other rooms show with an invoice: where it is paid (a promo code, the billing address), and on its
own page (the reminders sent)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest

from kanton.billing.models import Invoice

#: A template and its context, or None where the invoice has no use for the box.
Drawn = tuple[str, Mapping[str, Any]] | None


class Boxes:
    """The boxes of one page."""

    def __init__(self) -> None:
        self._boxes: list[Callable[[HttpRequest, Invoice], Drawn]] = []

    def register(self, box: Callable[[HttpRequest, Invoice], Drawn]) -> None:
        """Called once when the app starts."""
        self._boxes.append(box)

    def drawn(self, request: HttpRequest, invoice: Invoice) -> list[tuple[str, Mapping[str, Any]]]:
        """The boxes for this invoice, in the order in which rooms registered them."""
        return [found for box in self._boxes if (found := box(request, invoice)) is not None]


where_paid = Boxes()
on_its_page = Boxes()
