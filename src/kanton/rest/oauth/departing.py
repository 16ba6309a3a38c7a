"""Machines of an organization that act for somebody who goes, and what that person allowed its applications."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kanton.accounts.models import Person
from kanton.core import clock
from kanton.core.action import record
from kanton.core.actor import Actor
from kanton.organizations.departure.contract import Case, Choice, Holding, Kept, Nothing, Offer, Source
from kanton.organizations.departure.errors import HoldingGone
from kanton.organizations.models import Organization
from kanton.rest.oauth.activity import Happened
from kanton.rest.oauth.models import Application, Consent
from kanton.rest.oauth.rights import APPLICATIONS_MANAGE

OFFERS = (
    Offer(
        Choice.HAND_OVER,
        gettext_lazy("Let it act for somebody else"),
        gettext_lazy("It goes on with the rights of the member you choose."),
        roles=APPLICATIONS_MANAGE.roles,
    ),
    Offer(
        Choice.WITHDRAW,
        gettext_lazy("Stop it"),
        gettext_lazy("It gets no new keys until somebody takes it over. The application itself stays."),
    ),
)


class Applications(Nothing):
    """Applications as a source of departures."""

    code = "oauth"
    plural = gettext_lazy("Applications")
    icon = "apps"

    def holdings_of(self, person: Person, organization: Organization) -> Sequence[Holding]:
        """The machines that act for the person."""
        found = Application.objects.filter(organization=organization, is_machine=True, acts_for=person)
        return [
            Holding(f"application:{each.pk}", _("Machine"), each.name, OFFERS)
            for each in found.order_by("name", "pk")
        ]

    def facts_about(self, person: Person, organization: Organization) -> Iterable[str]:
        """What the person allowed applications of the organization."""
        number = _consents(person, organization).count()
        if number:
            text = ngettext(
                "%(number)s application of the organization loses what the person allowed it.",
                "%(number)s applications of the organization lose what the person allowed them.",
                number,
            )
            yield text % {"number": number}

    def close(self, actor: Actor, person: Person, organization: Organization) -> Kept:
        """The consents end with every key made from them."""
        kept = []
        for consent in _consents(person, organization).select_related("application", "person").order_by("pk"):
            kept.append([consent.application_id, consent.scopes, consent.granted_at.isoformat()])
            record(actor, Happened.CONSENT_WITHDRAWN, consent)
            consent.delete()
        return {"consents": kept} if kept else {}

    def reopen(
        self, actor: Actor, person: Person, organization: Organization, kept: Mapping[str, Any]
    ) -> None:
        """The consents are there again; the applications fetch new keys by themselves at the next sign-in."""
        for number, scopes, granted_at in kept["consents"]:
            application = Application.objects.filter(pk=number, organization=organization).first()
            if application is not None:
                consent, is_new = Consent.objects.get_or_create(
                    application=application,
                    person=person,
                    defaults={"scopes": scopes, "granted_at": dt.datetime.fromisoformat(granted_at)},
                )
                if is_new:
                    record(actor, Happened.CONSENT_GIVEN, consent, scopes=scopes)

    def settle(self, actor: Actor, case: Case) -> Kept:
        """The machine acts for the heir, or for nobody. What ran under the old name ended with the consents."""
        heir = case.heir.person if case.choice == Choice.HAND_OVER and case.heir is not None else None
        _act_for(actor, _machine(case), heir)
        return {"heir": heir.pk if heir is not None else None}

    def restore(self, actor: Actor, case: Case, kept: Mapping[str, Any]) -> None:
        """The machine acts for the person again, unless somebody took it meanwhile."""
        machine = _machine(case)
        if machine.acts_for_id == kept["heir"]:
            _act_for(actor, machine, case.person)


def sources() -> Iterator[Source]:
    """For the registry."""
    yield Applications()


def _consents(person: Person, organization: Organization) -> Any:
    return Consent.objects.filter(person=person, application__organization=organization)


def _machine(case: Case) -> Application:
    rows = Application.objects.select_for_update(of=("self",)).filter(
        organization=case.organization, is_machine=True, pk=case.resource.removeprefix("application:")
    )
    if (found := rows.first()) is None:
        raise HoldingGone
    return found


def _act_for(actor: Actor, machine: Application, person: Person | None) -> None:
    if machine.acts_for_id is not None:
        Consent.objects.filter(application=machine, person_id=machine.acts_for_id).delete()
    machine.acts_for, machine.changed_at = person, clock.now()
    machine.save(update_fields=["acts_for", "changed_at"])
    record(actor, Happened.APPLICATION_CHANGED, machine, scopes=machine.scopes)
