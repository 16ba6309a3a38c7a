"""Somebody who holds something of each kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kanton.accounts.models import Person
from kanton.core.actor import Actor
from kanton.organizations.answers import what_they_can
from kanton.organizations.departure.models import Departure
from kanton.organizations.departure.tasks import carry_on
from kanton.organizations.models import Membership, Organization
from kanton.products.domains.models import Domain
from kanton.products.domains.tests.factories import make_domain
from kanton.products.mail.actions import create_app_password, give_access
from kanton.products.mail.models import AppPassword, Mailbox, MailboxLink, MailService
from kanton.products.mail.tests.factories import make_mail, make_mailbox
from kanton.testing import acting


@dataclass
class Holder:
    """Ben with his mailbox `own`, by which he signs in, `shared` with Carl, and the domain that names him."""

    organization: Organization
    person: Person
    heir: Person
    mail: MailService
    own: Mailbox
    shared: Mailbox
    domain: Domain

    def answers(
        self, own: str = "hand_over", shared: str = "withdraw", domain: str = "hand_over"
    ) -> list[Any]:
        """An answer for each thing; whatever is handed over goes to Carl."""
        from kanton.organizations.departure.actions import Answer

        chosen = {f"mail/{self.own.resource}": own, f"mail/{self.shared.resource}": shared}
        chosen[f"domains/domain:{self.domain.pk}"] = domain
        return [
            Answer(key, choice, self.heir.pk if choice == "hand_over" else None)
            for key, choice in chosen.items()
        ]

    def everything(self) -> dict[str, Any]:
        """All that a departure may touch, as one value to be compared."""
        rights: dict[str, Any] = {}
        for person in (self.person, self.heir):
            membership = Membership.objects.filter(organization=self.organization, person=person).first()
            rights[person.first_name] = membership and [
                (one.right.code, f"{place.product}: {place.label}", one.decision.allowed)
                for kind in what_they_can(membership)
                for place in kind.places
                for one in place.answers
            ]
        boxes = Mailbox.objects.filter(organization=self.organization).order_by("pk")
        contacts = self.domain.contacts.order_by("role")
        return {
            "rights": rights,
            "boxes": list(boxes.values_list("address", "password_hash", "deleted_at")),
            "devices": list(
                AppPassword.objects.order_by("digest").values_list("mailbox", "label", "digest", "person")
            ),
            "links": sorted(MailboxLink.objects.values_list("mailbox_id", "person_id")),
            "contacts": list(contacts.values_list("role", "first_name", "last_name", "email")),
            "notices": Domain.objects.get(pk=self.domain.pk).notice_email,
            "login": Person.objects.get(pk=self.person.pk).email,
        }


def make_holder(acme: Organization, owner: Actor, ben: Person, carl: Person) -> Holder:
    """Ben's login mailbox with a device password, a mailbox he shares with Carl, a domain with him as contact."""
    mail = make_mail(acme)
    own, shared = make_mailbox(owner, mail, "ben"), make_mailbox(owner, mail, "info")
    his = Membership.objects.get(organization=acme, person=ben)
    give_access(owner, own, membership=his, may_change_password=True)
    give_access(owner, shared, membership=his)
    give_access(
        owner, shared, membership=Membership.objects.get(organization=acme, person=carl), may_send=False
    )
    create_app_password(acting(ben), own, label="Ben's phone")
    create_app_password(owner, shared, label="Printer")
    AppPassword.objects.filter(label="Printer").update(person=None)
    domain = make_domain(acme, "acme-domain.example")
    domain.contacts.filter(role="admin").update(first_name="Ben", last_name="Moser", email="ben@acme.example")
    domain.contacts.filter(role="tech").update(
        first_name="Ben", last_name="Moser", email="ben@elsewhere.example"
    )
    return Holder(acme, ben, carl, mail, own, shared, domain)


def carry(departure: Departure) -> Departure:
    """Let the job run, here and now."""
    carry_on.call(departure.pk)
    departure.refresh_from_db()
    return departure
