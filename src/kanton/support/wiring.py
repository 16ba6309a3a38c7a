"""What other rooms are told of support when Django starts."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kanton.accounts import ending, security
from kanton.accounts.models import Person
from kanton.accounts.recovery import help
from kanton.core.actor import Actor
from kanton.support import account_reasons, documents
from kanton.support.models import OPEN, CheckState, IdentityCheck
from kanton.support.queries import support_code_of, waiting_identity_checks
from kanton.ui import shell


def connect() -> None:
    """Register everything."""
    account_reasons.connect()
    help.register("support:help")
    security.add_box(
        security.Box(
            "support-code", "support/_profile_box.html",
            lambda request: {"code": support_code_of(request.actor)},
            page="profile",
        )
    )  # fmt: skip
    shell.sources.urls["support_code"] = "support:code"
    ending.register(ending.Ending("support", effects=_effects, carry_out=_carry_out, order=70))
    shell.register(
        shell.NavEntry(
            key="support-access", group=shell.Group.ACCOUNT, label=gettext_lazy("Support access"), icon="lifebuoy",
            url="support:code", order=58, in_organization=False,
        ),
        shell.NavEntry(
            key="staff-support-code", group=shell.Group.STAFF, label=gettext_lazy("Support code"), icon="id",
            url="support:look_up", order=15, in_organization=False, shown=_is_staff,
        ),
        shell.NavEntry(
            key="staff-identity", group=shell.Group.STAFF, label=gettext_lazy("Proofs of identity"),
            icon="id-badge-2", url="support:checks", order=16, in_organization=False, shown=_is_staff,
            badge=_waiting,
        ),
    )  # fmt: skip


def _is_staff(request: HttpRequest) -> bool:
    return bool(request.actor.is_staff)  # type: ignore[attr-defined]


def _waiting(request: HttpRequest) -> int:
    return waiting_identity_checks()


def _effects(person: Person) -> Iterable[ending.Effect]:
    if IdentityCheck.objects.filter(person=person, state__in=OPEN).exists():
        yield ending.Effect(
            _("Your proof of identity that is under way ends, and its documents are deleted.")
        )


def _carry_out(actor: Actor, person: Person) -> None:
    for case in IdentityCheck.objects.filter(person=person):
        documents.forget(case)
        case.contact = case.claimed = case.digest = case.cancel_digest = ""
        if case.state in OPEN:
            case.state = CheckState.ENDED
        case.save()
