"""What can go wrong with domains and zones, in the customer's words. The codes are those that clients of the
API know.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from kanton.core.errors import Conflict, DomainError, Invalid
from kanton.products.domains.problems import SENTENCES, Problem, Reason


class ProblemError(DomainError):
    """A DomainError made from a problem of the pure modules: its sentence, its field."""

    def __init__(self, problem: Problem, *, field: str | None = None) -> None:
        self.problem = problem
        super().__init__(field=field or problem.field or None, **problem.params)

    @property
    def sentence(self) -> str:
        """The problem's sentence, in the language active now."""
        return gettext(SENTENCES[self.problem.reason]) % self.problem.params


class InvalidRecord(ProblemError):
    """A record that no name server can serve."""

    code = "invalid_dns_record"
    message = _("This record is not valid.")


class UnsupportedType(ProblemError):
    """A record type that cannot be edited here."""

    code, field = "unsupported_dns_record_type", "type"


class RecordExists(ProblemError):
    """The same record is there already."""

    code, field = "dns_record_already_exists", "target"


class RecordsExclude(ProblemError):
    """Records that cannot stand at one name together."""

    code, field = "dns_record_mutual_exclusion", "type"


class InvalidName(ProblemError):
    """A name that cannot be a domain."""

    code, status, field = "validation_failed", 422, "name"


_EXCLUSIONS = frozenset(
    {
        Reason.CNAME_AT_APEX,
        Reason.CNAME_BESIDE_OTHERS,
        Reason.DNAME_CONFLICT,
        Reason.BELOW_DNAME,
        Reason.NULL_MX_BESIDE_MX,
    }
)


def error_of(problem: Problem) -> ProblemError:
    """The error for a problem, with the code that clients of the API tell apart."""
    if problem.reason is Reason.DUPLICATE:
        return RecordExists(problem)
    if problem.reason is Reason.UNSUPPORTED_TYPE:
        return UnsupportedType(problem)
    if problem.reason in _EXCLUSIONS:
        return RecordsExclude(problem)
    return InvalidRecord(problem)


class InvalidZoneText(DomainError):
    """A zone file with wrong lines. Nothing was saved."""

    code, status, field = "invalid_dns_record", 400, "text"

    def __init__(self, problems: list[tuple[int, Problem]]) -> None:
        self.problems = problems
        super().__init__(lines=", ".join(str(line) for line, _problem in problems[:20]))

    @property
    def sentence(self) -> str:
        """The first wrong lines, each with its reason, in the language active now."""
        told = []
        for line, problem in self.problems[:5]:
            sentence = gettext(SENTENCES[problem.reason]) % problem.params
            told.append(
                gettext("Line %(line)s: %(problem)s") % {"line": line, "problem": sentence}
                if line
                else sentence
            )
        if (more := len(self.problems) - 5) > 0:
            told.append(
                ngettext("And %(more)s more line.", "And %(more)s more lines.", more) % {"more": more}
            )
        return " ".join(told)


class ZoneChanged(Conflict):
    """Somebody else changed the zone since the page was loaded (DOM-40). Carries what is different."""

    code = "conflict_error"
    message = _(
        "%(people)s changed this zone in the meantime: %(changes)s. Look at it again, then repeat what is still needed."
    )

    def __init__(self, *, people: str, changes: str, differences: list[dict[str, Any]]) -> None:
        self.differences = differences
        super().__init__(people=people, changes=changes)


class ZoneExists(DomainError):
    code, status, field = "zone_already_exists", 400, "name"
    message = _("The zone %(name)s exists already.")


class ZoneOutsideDomain(Invalid):
    field = "name"
    message = _("%(name)s is not below %(domain)s.")


class MainZone(DomainError):
    code, status = "cannot_delete_object", 409
    message = _(
        "%(name)s is the main zone of the domain and stays as long as the domain does. Delete its records instead."
    )


class NoSuchVersion(Invalid):
    field = "number"
    message = _("Version %(number)s of this zone is not kept. The oldest is %(oldest)s.")


class LastNameserver(DomainError):
    code, status, field = "cannot_delete_object", 409, "target"
    message = _("The zone needs at least one name server record (NS) for itself. Add another one first.")


class WouldReplace(Conflict):
    """Linking would replace records that somebody entered by hand (DOM-60)."""

    code = "dns_records_would_be_replaced"
    message = _(
        "This would replace records that were entered by hand: %(records)s. Confirm it, or keep yours."
    )


class TooFewNameservers(Invalid):
    field = "nameservers"
    message = _("A domain needs at least two name servers.")


class TooManyNameservers(Invalid):
    field = "nameservers"
    message = _("A domain has at most %(maximum)s name servers.")


class SilentNameserver(Invalid):
    field = "nameservers"
    message = _(
        "%(host)s does not answer for %(name)s. Set up the zone there first, or save without the check."
    )


class NotActive(Conflict):
    message = _("%(name)s is not active (%(state)s). This is possible for active domains only.")


class UnknownExtension(Invalid):
    field = "name"
    message = _("Names ending in .%(extension)s cannot be registered here. Possible: %(known)s.")


class OtherExtension(Invalid):
    field = "name"
    message = _("%(name)s does not end in .%(extension)s. Choose the offer for its own ending.")


class NameTaken(Invalid):
    field = "name"
    message = _("%(name)s is taken already. Choose another name or another ending.")


class NameReserved(Invalid):
    field = "name"
    message = _("The registry does not give out %(name)s. Choose another name.")


class NoUnicode(Invalid):
    field = "name"
    message = _("Names ending in .%(extension)s are made of the letters a–z, digits and hyphens only.")


class NotThisLength(Invalid):
    field = "name"
    message = _("The part before .%(extension)s has %(shortest)s to %(longest)s characters.")


class NotASubdomain(Invalid):
    field = "name"
    message = _("%(name)s is part of %(domain)s. Register %(domain)s; its subdomains come with it.")


class ContactIncomplete(Invalid):
    message = _("The registry needs this. Please fill it in.")


class ContactInvalid(Invalid):
    message = _("This is not valid or too long. Please correct it.")


class NotManagedHere(DomainError):
    code = "zone_not_managed_by_infomaniak_dns"
    message = _("The name servers of %(name)s are somebody else’s; ask there.")
