"""What second factors mean for the end of an account, and for its owner's file with all data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kanton.accounts.ending import Effect, Ending
from kanton.accounts.factors.models import BackupCode
from kanton.accounts.factors.queries import factors_of_person
from kanton.accounts.models import Person
from kanton.accounts.profile.exporting import Part


def _effects(person: Person) -> Iterator[Effect]:
    if factors_of_person(person) or BackupCode.objects.filter(person=person).exists():
        yield Effect(
            _("Your second factors and backup codes are removed; passkeys for us open nothing any more.")
        )


def _rows(person: Person) -> Iterator[dict[str, Any]]:
    """What there is, never what it opens with."""
    for factor in factors_of_person(person):
        yield {
            "kind": factor.method,
            "name": factor.name,
            "since": factor.created_at,
            "last_used_at": factor.last_used_at,
        }
    for code in BackupCode.objects.filter(person=person).order_by("pk"):
        yield {"kind": "backup", "since": code.created_at, "last_used_at": code.used_at}


ENDING = Ending("second-factors", _effects, order=24)
EXPORT = Part("second-factors", gettext_lazy("Second factors"), _rows, order=24)
