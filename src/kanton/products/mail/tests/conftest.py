"""The cast of the mail room. Imports are inside: this file is read before Django is ready."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from kanton.organizations.models import Organization
    from kanton.products.mail.models import MailService
    from kanton.products.mail.tests.factories import RememberingEngine


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> RememberingEngine:
    """The remembering engine in the real one's place."""
    from kanton.products.mail.tests.factories import RememberingEngine

    remembering = RememberingEngine()
    for module in ("tasks", "queries"):
        monkeypatch.setattr(f"kanton.products.mail.{module}.mail_engine", lambda: remembering)
    return remembering


@pytest.fixture
def mail(acme: Organization, engine: RememberingEngine) -> MailService:
    """Acme's mail service on acme.example."""
    from kanton.products.mail.tests.factories import make_mail

    return make_mail(acme)
