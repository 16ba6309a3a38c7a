"""Errors that read as help: a stable code, a status, and one translated sentence that says what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from kanton.core.rights import Decision


class DomainError(Exception):
    """Something the customer can understand went wrong. Rooms subclass it; tests compare the class or the code.

    `message` may hold `%(name)s` places, filled from the keyword arguments. The console shows the sentence
    under `field`; the API answers it with `code`, `status` and `params`.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400
    field: str | None = None
    message: Any = _("This could not be done.")

    def __init__(self, *, field: str | None = None, **params: Any) -> None:
        self.params = params
        if field is not None:
            self.field = field
        super().__init__(self.code, params)

    @property
    def sentence(self) -> str:
        """The message with its places filled, in the language active now."""
        return str(self.message) % self.params if self.params else str(self.message)

    def __str__(self) -> str:
        return self.sentence


class NotFound(DomainError):
    """Hidden and missing look the same from outside."""

    code, status = "object_not_found", 404
    message = _("There is nothing here, or it is not yours to see. Check the organization you are in.")


class Forbidden(DomainError):
    """The target is visible, but this actor lacks the right. The decision lets pages say whom to ask."""

    code, status = "access_denied", 403
    message = _("You may not do this: it needs the right “%(right)s”. %(ask)s")

    def __init__(self, decision: Decision) -> None:
        self.decision = decision
        super().__init__(right=str(decision.right))

    @property
    def sentence(self) -> str:
        """What is missing, and whom to ask for it; or what forbids it."""
        if self.decision.forbidden_by:
            return f"{self.decision.forbidden_by} {self.decision.whom_to_ask}".rstrip()
        return str(self.message) % {"right": self.decision.right, "ask": self.decision.whom_to_ask}


class Invalid(DomainError):
    """Input that breaks a rule; `field` names where."""

    code, status = "validation_failed", 422
    message = _("This value is not valid.")


class Conflict(DomainError):
    """Somebody else was faster, or the thing is in a state that does not allow this."""

    code, status = "conflict_error", 409
    message = _("Something changed in the meantime. Load the page again and repeat what is still needed.")


class TooMany(DomainError):
    """A limit over time is used up."""

    code, status = "too_many_requests", 429
    message = _("Too many attempts. Please try again in %(seconds)s seconds.")


class EngineUnavailable(DomainError):
    """An engine behind a port does not answer. Nothing was lost; the job will try again."""

    code, status = "engine_unavailable", 503
    message = _("The service does not answer at the moment. Nothing was lost; we try again by ourselves.")
