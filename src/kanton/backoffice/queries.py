"""What staff may see. Each read asks who reads: for everybody else, none of this is there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from allauth.usersessions.models import UserSession
from django.apps import apps
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from kanton.accounts.access.queries import OpenSession, sessions_of
from kanton.accounts.models import Person
from kanton.accounts.queries import has_second_factor
from kanton.accounts.web import require_staff
from kanton.activity.models import Activity
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.errors import NotFound
from kanton.core.jobs.models import Job, JobState
from kanton.core.outbox.models import Mail, MailState, Sms
from kanton.core.query import get_or_not_found
from kanton.core.wish import Wish, WishState
from kanton.organizations.models import Membership, Organization
from kanton.products.models import Service

PATIENCE = timedelta(minutes=10)
MOST_WISHES = 500


# Jobs.


def jobs(actor: Actor) -> QuerySet[Job]:
    """All jobs that are remembered, the newest first."""
    require_staff(actor)
    return Job.objects.order_by("-pk")


def job(actor: Actor, number: int) -> Job:
    """One job."""
    return get_or_not_found(jobs(actor), pk=number)


def jobs_with(actor: Actor, numbers: list[int]) -> list[Job]:
    """The jobs with these numbers, as far as they are there."""
    return list(jobs(actor).filter(pk__in=numbers[:1000]))


# Messages.


def mails(actor: Actor) -> QuerySet[Mail]:
    """All mails that Kanton wrote, the newest first, without their texts."""
    require_staff(actor)
    return Mail.objects.defer("text", "html").order_by("-pk")


def mail(actor: Actor, number: int) -> Mail:
    """One mail."""
    require_staff(actor)
    return get_or_not_found(Mail.objects.all(), pk=number)


def is_readable(found: Mail | Sms) -> bool:
    """Whether staff may read the text: not when it holds a code or opens something (ACC-30).

    Where mails only go to a folder, as in a demonstration, that folder is how anybody reads them.
    """
    return not found.is_erased and (not found.is_secret or found.transport in ("folder", "log"))


def short_messages(actor: Actor) -> QuerySet[Sms]:
    """All text messages, the newest first."""
    require_staff(actor)
    return Sms.objects.order_by("-pk")


# Customers.


def organizations(actor: Actor) -> QuerySet[Organization]:
    """All organizations, with how many members and running services they have."""
    require_staff(actor)
    return Organization.objects.annotate(
        member_count=_counted(Membership.objects.all(), "organization"),
        service_count=_counted(Service.objects.exclude(wanted="ended"), "organization"),
    ).order_by("name")


def organization(actor: Actor, slug: str) -> Organization:
    """One organization."""
    return get_or_not_found(organizations(actor), slug=slug)


def members(actor: Actor, found: Organization) -> list[Membership]:
    """Who belongs to an organization, owners first."""
    require_staff(actor)
    order = ["owner", "administrator", "collaborator", "external"]
    rows = found.memberships.select_related("person")
    return sorted(rows, key=lambda each: (order.index(each.role), each.person.display_name.casefold()))


def services(actor: Actor, found: Organization) -> list[Service]:
    """What an organization owns."""
    require_staff(actor)
    return list(found.services.order_by("product", "name")[:200])


def people(actor: Actor) -> QuerySet[Person]:
    """All people, with how many organizations they belong to."""
    require_staff(actor)
    return Person.objects.annotate(
        organization_count=_counted(Membership.objects.all(), "person"), has_second_factor=has_second_factor()
    ).order_by("email_key")


def person(actor: Actor, number: int) -> Person:
    """One person."""
    return get_or_not_found(people(actor), pk=number)


def sessions(actor: Actor, found: Person) -> list[OpenSession]:
    """Where somebody is signed in, the latest first."""
    require_staff(actor)
    return sessions_of(found.pk)


def session(actor: Actor, found: Person, number: int) -> UserSession:
    """One of these sessions."""
    require_staff(actor)
    return get_or_not_found(UserSession.objects.filter(user=found).select_related("user"), pk=number)


def memberships(actor: Actor, found: Person) -> list[Membership]:
    """The organizations of a person."""
    require_staff(actor)
    return list(found.memberships.select_related("organization").order_by("organization__name"))


def _counted(rows: QuerySet[Any], key: str) -> Any:
    # A subquery each, because two joins in one query would multiply the rows.
    counted = rows.filter(**{key: OuterRef("pk")}).order_by().values(key).annotate(number=Count("pk"))
    return Coalesce(Subquery(counted.values("number")), 0)


def organizations_by_number(numbers: set[int]) -> dict[int, Organization]:
    """The organizations with these numbers, for lists that only know the number."""
    return Organization.objects.in_bulk(numbers) if numbers else {}


# Wishes that engines have not confirmed.


@dataclass(frozen=True)
class Stuck:
    """A change that its engine has refused, or has not confirmed for a while."""

    kind: str
    what: str
    wish: Wish
    organization: Organization | None

    @property
    def pk(self) -> str:
        """A name for the row."""
        return f"{self.kind}-{self.wish.pk}"

    @property
    def wish_state(self) -> str:
        """For the filter."""
        return self.wish.wish_state

    @property
    def name(self) -> str:
        """What the customer calls the thing."""
        return str(self.wish)

    @property
    def can_try_again(self) -> bool:
        """Whether staff can have the engine asked again."""
        return bool(self.wish.reconcile_task)

    @property
    def since(self) -> Any:
        """When it was wished."""
        return self.wish.wished_at


def kinds_of_wishes() -> dict[str, type[Wish]]:
    """Every kind of thing whose changes an engine confirms, by its name."""
    return {
        model._meta.label_lower: model
        for model in apps.get_models()
        if issubclass(model, Wish) and not model._meta.proxy
    }


def stuck_wishes(actor: Actor) -> list[Stuck]:
    """Changes that failed, and those that have waited for more than ten minutes, the oldest first."""
    require_staff(actor)
    late = Q(wish_state=WishState.FAILED) | Q(
        wish_state=WishState.PENDING, wished_at__lt=clock.now() - PATIENCE
    )
    found = [
        (kind, model, wish)
        for kind, model in kinds_of_wishes().items()
        for wish in model._default_manager.filter(late).order_by("wished_at")[:MOST_WISHES]
    ]
    numbers = [getattr(wish, "organization_id", None) for _kind, _model, wish in found]
    owners = organizations_by_number({number for number in numbers if number is not None})
    rows = [
        Stuck(kind, str(model._meta.verbose_name), wish, owners.get(number) if number else None)
        for (kind, model, wish), number in zip(found, numbers, strict=True)
    ]
    return sorted(rows, key=lambda row: row.wish.wished_at)


def stuck_wish(actor: Actor, kind: str, number: int) -> Wish:
    """One thing whose change an engine has to confirm."""
    require_staff(actor)
    model = kinds_of_wishes().get(kind)
    if model is None:
        raise NotFound(model="wish")
    return get_or_not_found(model._default_manager.all(), pk=number)


# The log.


def everything_that_happened(actor: Actor) -> QuerySet[Activity]:
    """The log of all organizations, people and the system, the newest first."""
    require_staff(actor)
    owner = Organization.objects.filter(pk=OuterRef("organization_id"))
    return Activity.objects.annotate(organization_name=Subquery(owner.values("name")[:1])).order_by("-pk")


def names_of(people: set[int]) -> dict[int, str]:
    """What these people are called."""
    return {each.pk: each.display_name for each in Person.objects.filter(pk__in=people)}


# The overview.


@dataclass(frozen=True)
class Health:
    """How the machinery is, in numbers."""

    organizations: int
    people: int
    jobs_waiting: int
    jobs_failed: int
    oldest_wait_seconds: int
    mails_waiting: int
    mails_failed: int
    wishes_failed: int
    wishes_late: int


def health(actor: Actor) -> Health:
    """The numbers of the overview."""
    require_staff(actor)
    now = clock.now()
    oldest = Job.objects.filter(state=JobState.WAITING, run_at__lt=now).order_by("run_at").first()
    stuck = stuck_wishes(actor)
    return Health(
        organizations=Organization.objects.count(),
        people=Person.objects.count(),
        jobs_waiting=Job.objects.filter(state=JobState.WAITING, run_at__lte=now).count(),
        jobs_failed=Job.objects.filter(state=JobState.FAILED).count(),
        oldest_wait_seconds=int((now - oldest.run_at).total_seconds()) if oldest else 0,
        mails_waiting=Mail.objects.filter(state=MailState.WAITING).count(),
        mails_failed=Mail.objects.filter(state=MailState.FAILED).count(),
        wishes_failed=sum(row.wish_state == WishState.FAILED for row in stuck),
        wishes_late=sum(row.wish_state == WishState.PENDING for row in stuck),
    )
