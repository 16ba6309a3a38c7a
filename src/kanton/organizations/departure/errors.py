"""What can go wrong when somebody goes or is brought back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from kanton.core.errors import DomainError

if TYPE_CHECKING:
    from kanton.organizations.departure.leaving import Condition


class Unanswered(DomainError):
    """Something the person holds has no answer yet (ORG-53). `holdings` lists which."""

    code, status, field = "organizations.holdings_unanswered", 409, "answers"
    message = _("First say what becomes of: %(names)s.")

    def __init__(self, holdings: Sequence[tuple[str, str]]) -> None:
        super().__init__(
            names=", ".join(name for _key, name in holdings), holdings=[key for key, _ in holdings]
        )


class NoSuchHolding(DomainError):
    code, status, field = "organizations.no_such_holding", 422, "answers"
    message = _("This person holds nothing here that is called “%(holding)s”. Load the page again.")


class NotOffered(DomainError):
    code, status, field = "organizations.choice_not_offered", 422, "answers"
    message = _("“%(choice)s” cannot be chosen for %(holding)s.")


class HeirNeeded(DomainError):
    code, status, field = "organizations.heir_needed", 422, "answers"
    message = _("Choose who gets %(holding)s.")


class NotAnHeir(DomainError):
    code, status, field = "organizations.not_an_heir", 422, "answers"
    message = _(
        "%(holding)s can only go to another member of the organization who is not suspended and may have it."
    )


class HeirGone(DomainError):
    code, status = "organizations.heir_gone", 409
    message = _("Whoever was to get it no longer belongs to the organization. Choose somebody else.")


class HoldingGone(DomainError):
    code, status = "organizations.holding_gone", 409
    message = _("It no longer exists.")


class UndoOver(DomainError):
    code, status = "organizations.undo_over", 409
    message = _("%(person)s can no longer be brought back. Invite them anew instead.")


class StillMember(DomainError):
    code, status = "organizations.still_member", 409
    message = _("%(person)s belongs to the organization again already.")


class NothingToAnswer(DomainError):
    code, status = "organizations.nothing_to_answer", 409
    message = _("This is settled already.")


class CannotLeave(DomainError):
    """A condition for leaving is not met (ORG-25); `conditions` lists which."""

    code, status = "organizations.cannot_leave", 409
    message = "%(reasons)s"

    def __init__(self, conditions: Sequence[Condition]) -> None:
        super().__init__(
            reasons=" ".join(str(one.text) for one in conditions), conditions=[one.code for one in conditions]
        )
