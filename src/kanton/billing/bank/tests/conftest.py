"""The cast of billing's tests, and files taken in and matched at once."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from kanton.billing.bank.actions import import_statement
from kanton.billing.bank.models import BankItem, Statement
from kanton.billing.bank.tasks import match_all
from kanton.billing.bank.tests.bank_files import Entry, camt
from kanton.billing.tests.conftest import _demo, _kites, invoice, kite, order
from kanton.core.actor import Actor, System

__all__ = ["_demo", "_kites", "invoice", "kite", "order"]
Take = Callable[..., list[BankItem]]


def take_in(actor: Actor, content: bytes, name: str = "camt.xml") -> list[Statement]:
    """Take a file in, without what follows."""
    return import_statement(actor, None, file=io.BytesIO(content), file_name=name)


@pytest.fixture
def take(db: None) -> Take:
    """Take in a file of these entries and match it; returns all payments known, oldest first."""

    def call(*entries: Entry, **more: str) -> list[BankItem]:
        take_in(System("bank"), camt(*entries, **more))  # type: ignore[arg-type]
        match_all()
        return list(BankItem.objects.select_related("bank_entry", "invoice", "organization").order_by("pk"))

    return call
