"""The check of a list, and the lists that were sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from kanton.accounts.models import Language, address_key
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.query import get_or_not_found
from kanton.core.rights import Role
from kanton.organizations.inviting.lines import Line
from kanton.organizations.inviting.models import Batch
from kanton.organizations.models import INVITATION_LIFE, Invitation, Membership, Organization, Team
from kanton.organizations.queries import require
from kanton.organizations.resolver import held_by
from kanton.organizations.rights import MEMBERS_MANAGE, MEMBERS_VIEW

SHOWN = 80
# What other programs call our roles, beside the words that we have for them in five languages.
FURTHER_WORDS = {"admin": Role.ADMINISTRATOR, "normal": Role.COLLABORATOR, "guest": Role.EXTERNAL}


@dataclass(frozen=True, slots=True)
class Checked:
    """A line with what it comes to: a role, or why it cannot be invited (`problem`, a stable code)."""

    line: Line
    key: str
    role: Role = Role.COLLABORATOR
    teams: tuple[int, ...] = ()
    problem: str = ""
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """What is wrong and what to do, in the language active now; "" for a good line."""
        return _sentences()[self.problem] % self.about if self.problem else ""


def _sentences() -> dict[str, str]:
    return {
        "no_address": _("There is no address in this line."),
        "bad_address": _("“%(email)s” is no e-mail address."),
        "surplus": _("“%(surplus)s” stands in no column."),
        "repeated": _("This address stands in line %(line)s already."),
        "unknown_role": _("There is no role “%(role)s”. There are: %(roles)s."),
        "unknown_team": _("There is no team “%(team)s”."),
        "owners_only": _("Only an owner can invite an owner."),
        "already_member": _("This person already belongs to the organization."),
        "already_invited": _("This person is already invited. Send the invitation again under “People”."),
    }


def check(actor: Actor, organization: Organization, lines: Sequence[Line], *, role: Role) -> list[Checked]:
    """Every line, with what stands in its way; `role` counts where a line names none. The same few queries for one line
    and for a thousand."""
    require(actor, MEMBERS_MANAGE, organization)
    keys = [address_key(line.email) for line in lines]
    members = set(
        Membership.objects.filter(organization=organization, person__email_key__in=keys).values_list(
            "person__email_key", flat=True
        )
    )
    invited = set(
        Invitation.objects.filter(
            organization=organization,
            email_key__in=keys,
            accepted_at=None,
            revoked_at=None,
            sent_at__gt=clock.now() - INVITATION_LIFE,
        ).values_list("email_key", flat=True)
    )
    teams = dict(organization.teams.values_list("name_key", "pk"))
    may_own = actor.is_system or held_by(actor, organization.pk).role == Role.OWNER
    first: dict[str, int] = {}
    checked = []
    for line, key in zip(lines, keys, strict=True):
        wanted = _role(line.role) if line.role else role
        about: dict[str, Any] = {}
        problem = ""
        if not line.email:
            problem = "no_address"
        elif not _is_address(line.email):
            problem, about = "bad_address", {"email": line.email[:SHOWN]}
        elif line.surplus:
            problem, about = "surplus", {"surplus": line.surplus[:SHOWN]}
        elif key in first:
            problem, about = "repeated", {"line": first[key]}
        elif wanted is None:
            roles = ", ".join(str(each.label) for each in Role)
            problem, about = "unknown_role", {"role": line.role[:SHOWN], "roles": roles}
        elif wanted == Role.OWNER and not may_own:
            problem = "owners_only"
        elif missing := next((name for name in line.teams if Team.key_of(name) not in teams), ""):
            problem, about = "unknown_team", {"team": missing[:SHOWN]}
        elif key in members:
            problem = "already_member"
        elif key in invited:
            problem = "already_invited"
        first.setdefault(key, line.number)
        numbers = () if problem else tuple(sorted({teams[Team.key_of(name)] for name in line.teams}))
        checked.append(Checked(line, key, wanted or role, numbers, problem, about))
    return checked


def counted(checked: Sequence[Checked]) -> list[tuple[Role, int]]:
    """How many of each role, the highest first."""
    numbers = Counter(one.role for one in checked if not one.problem)
    return [(role, numbers[role]) for role in Role if numbers[role]]


def batches_of(actor: Actor, organization: Organization) -> QuerySet[Batch]:
    """The lists that were sent, newest first."""
    require(actor, MEMBERS_VIEW, organization)
    return Batch.objects.filter(organization=organization).select_related("organization").order_by("-pk")


def batch_of(actor: Actor, organization: Organization, number: int) -> Batch:
    """One of the lists, or NotFound."""
    return get_or_not_found(batches_of(actor, organization), pk=number)


def _is_address(email: str) -> bool:
    try:
        validate_email(email)
    except ValidationError:
        return False
    return len(email) <= 254


def _role(word: str) -> Role | None:
    return _role_words().get(word.casefold())


@lru_cache(maxsize=1)
def _role_words() -> dict[str, Role]:
    words = dict(FURTHER_WORDS)
    for role in Role:
        words[role.value] = role
        for language in Language.values:
            with translation.override(language):
                words[str(role.label).casefold()] = role
    return words
