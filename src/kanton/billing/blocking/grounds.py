"""Grounds on which an order is blocked: by itself, or by the staff. A provider adds its own from a package."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from kanton.billing.models import Order, OrderLine
from kanton.config import config


@dataclass(frozen=True, slots=True)
class Ground:
    """One ground: its code, its words for the staff, and whether it applies to an order with these lines.

    One without `applies` is for the staff to choose.
    """

    code: str
    label: Any
    applies: Callable[[Order, Sequence[OrderLine]], bool] | None = None


def uses_a_brand(order: Order, lines: Sequence[OrderLine]) -> bool:
    """A name that contains a brand of somebody else."""
    names = [line.name.lower().replace("-", "") for line in lines]
    return any(brand.lower() in name for brand in config.billing.brand_names for name in names)


BY_STAFF = "staff"
_grounds: dict[str, Ground] = {}


def register(*grounds: Ground) -> None:
    """Add grounds. One with the same code replaces the first."""
    for ground in grounds:
        _grounds[ground.code] = ground


def all_grounds() -> list[Ground]:
    """All of them, in the order in which they were added."""
    return list(_grounds.values())


def label_of(code: str) -> str:
    """A ground in words; one that is no longer known keeps its code."""
    known = _grounds.get(code)
    return str(known.label) if known else code


register(
    Ground("brand", _("Use of a brand name"), uses_a_brand),
    Ground("spam", _("Suspicion of spam")),
    Ground("fraud", _("Suspicion of fraud")),
    Ground(BY_STAFF, _("Another reason")),
)


def ground_for(order: Order, lines: Sequence[OrderLine]) -> str:
    """The first ground that applies, or nothing."""
    return next(
        (each.code for each in _grounds.values() if each.applies is not None and each.applies(order, lines)),
        "",
    )
