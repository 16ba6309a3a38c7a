"""Mailboxes of somebody who goes: their own, and those of others that they may read (ORG-50, ORG-51).

A mailbox is somebody's own when it carries their login address or nobody else may open it. It can be handed over, stay
closed, or be deleted; from another's, only their access is taken or given to somebody else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kanton.accounts.models import Person, address_key
from kanton.accounts.recovery.actions.released import give_back_login_address
from kanton.core.action import after_commit, record
from kanton.core.actor import Actor, System
from kanton.core.rights import ADMINISTRATORS
from kanton.organizations.departure.contract import Case, Choice, Holding, Kept, Offer
from kanton.organizations.departure.errors import HoldingGone
from kanton.organizations.departure.leaving import Condition, helpers
from kanton.organizations.models import Grant, Membership, Organization, Team
from kanton.products.mail import logins
from kanton.products.mail.actions import delete_mailbox, give_access, restore_mailbox, withdraw_access
from kanton.products.mail.activity import Happened
from kanton.products.mail.models import AppPassword, Mailbox, MailboxLink, MailService
from kanton.products.mail.queries import User, storage_of, users_by_mailbox
from kanton.products.mail.rights import MAILBOX_SEND, PASSWORD, PRODUCT, USE
from kanton.ui import formats

OWN = (
    Offer(
        Choice.HAND_OVER,
        gettext_lazy("Hand it over"),
        gettext_lazy("The member you choose reads it, sends from it and may set its password."),
    ),
    Offer(
        Choice.ARCHIVE,
        gettext_lazy("Keep it closed"),
        gettext_lazy("It goes on taking mail. Nobody reads it until an administrator opens it."),
    ),
    Offer(
        Choice.DELETE,
        gettext_lazy("Delete it"),
        gettext_lazy(
            "Mail to it is refused at once. It can be brought back for 30 days; then its messages are gone."
        ),
    ),
)
SHARED = (
    Offer(
        Choice.WITHDRAW,
        gettext_lazy("Only end the access"),
        gettext_lazy("The others who use the mailbox go on as before."),
    ),
    Offer(
        Choice.HAND_OVER,
        gettext_lazy("Give the access to somebody else"),
        gettext_lazy("The member you choose may do with it what the person could."),
    ),
)

Part = Callable[[Actor, Person, Mailbox], Any]
Rejoin = Callable[[Actor, Person, Mailbox, Any], None]
_ties: dict[str, tuple[Part, Rejoin]] = {}


def register_tie(key: str, part: Part, rejoin: Rejoin) -> None:
    """A room above ties mailboxes to people, such as by one password: how to part them, and how to join them again.
    Called from `AppConfig.ready()`."""
    _ties[key] = (part, rejoin)


def mailboxes_of(person: Person, organization: Organization) -> list[Mailbox]:
    """The mailboxes that this person may open one by one, has opened, or signs in with."""
    local, _at, domain = person.email.lower().rpartition("@")
    granted = Grant.objects.filter(
        organization=organization, membership__person=person, product=PRODUCT, resource__startswith="mailbox:"
    ).values_list("resource", flat=True)
    numbers = {int(one[8:]) for one in granted if one[8:].isdigit()}
    found = (
        Mailbox.objects.alive()
        .filter(organization=organization, mail__withdrawn_at=None)
        .filter(
            Q(pk__in=numbers)
            | Q(links__person=person)
            | Q(addresses__local_part=local, mail__domains__name=domain)
        )
        .select_related("mail__service", "organization")
        .prefetch_related("mail__domains", "addresses")
        .distinct()
    )
    return list(found.order_by("address"))


def holdings_of(person: Person, organization: Organization) -> list[Holding]:
    """Each mailbox, with how it is held, how large it is, and what hangs on it."""
    boxes = mailboxes_of(person, organization)
    users = users_by_mailbox(boxes)
    membership = Membership.objects.filter(organization=organization, person=person).first()
    granted = _granted_to(membership)
    return [
        _holding(box, person, membership, granted.get(box.resource, []), _others(users[box.pk], person))
        for box in boxes
        # What was linked once and may not be opened any more is no holding.
        if _carries_login(box, person) or box.resource in granted or _may_open(users[box.pk], membership)
    ]


def _may_open(users: Iterable[User], membership: Membership | None) -> bool:
    if membership is not None and membership.suspended_at is not None:
        return True  # the list leaves out who is suspended, and they may come back
    return any(user.membership == membership for user in users)


def _others(users: Iterable[User], person: Person) -> list[str]:
    return [user.membership.person.display_name for user in users if user.membership.person_id != person.pk]


def _holding(
    box: Mailbox, person: Person, membership: Membership | None, rights: list[str], others: Sequence[str]
) -> Holding:
    signs_in = _carries_login(box, person)
    is_own = signs_in or not others
    notes = []
    if others:
        notes.append(_("Used by %(people)s too.") % {"people": ", ".join(others[:5])})
    if signs_in:
        notes.append(
            _(
                "The person signs in with this address. If it is handed over or deleted, the account goes on under "
                "another user name, so that nobody can take it over through the mailbox."
            )
        )
    if is_own and (signs_in or PASSWORD.code in rights):
        notes.append(_("Its password ends at once."))
    elif PASSWORD.code in rights or (membership and membership.role in PASSWORD.roles):
        notes.append(_("The person may know its password. Change it once whoever else uses it is told."))
    return Holding(
        box.resource,
        _("Mailbox") if is_own else _("Access to a mailbox"),
        box.shown,
        OWN if is_own else SHARED,
        size=formats.size(box.storage_bytes if box.storage_checked_at else storage_of(box)),
        note=" ".join(notes),
        url=reverse("mail:service", args=[box.organization.slug, box.service_id]),
        has_password=True,
        data={"is_own": is_own, "login": person.email if signs_in else "", "rights": rights},
    )


def _carries_login(box: Mailbox, person: Person) -> bool:
    """Whether the person signs in with the mailbox, under any of its names and domains. Needs no further query."""
    locals_ = {one.local_part for one in box.addresses.all()} | {box.local_part}
    names = [domain.name for domain in box.mail.domains.all()]
    return person.email_key in {address_key(f"{local}@{name}") for local in locals_ for name in names}


def _granted_to(membership: Membership | None) -> dict[str, list[str]]:
    """The rights granted to a member themselves, by mailbox."""
    found: dict[str, list[str]] = {}
    if membership is not None:
        grants = membership.grants.filter(product=PRODUCT, resource__startswith="mailbox:")
        for resource, right in grants.order_by("right").values_list("resource", "right"):
            found.setdefault(resource, []).append(right)
    return found


def facts_about(person: Person, organization: Organization) -> Iterator[str]:
    """Device passwords that end."""
    devices = AppPassword.objects.filter(
        organization=organization, person=person, mailbox__deleted_at=None
    ).count()
    if devices:
        text = ngettext(
            "%(number)s device password that the person made for a mailbox here ends.",
            "%(number)s device passwords that the person made for mailboxes here end.",
            devices,
        )
        yield text % {"number": devices}


def close(actor: Actor, person: Person, organization: Organization) -> Kept:
    """Device passwords and links of the person end, and so do the passwords that they know of their own mailboxes."""
    kept: Kept = {"devices": [], "links": [], "passwords": [], "ties": []}
    touched = set()
    devices = AppPassword.objects.filter(organization=organization, person=person).select_related(
        "mailbox__mail"
    )
    for device in devices.order_by("pk"):
        kept["devices"].append(
            [device.mailbox_id, device.label, device.digest, device.created_at.isoformat()]
        )
        record(actor, Happened.APP_PASSWORD_REVOKED, device.mailbox, label=device.label)
        touched.add(device.mailbox.mail_id)
        device.delete()
    for box in _known_to(person, organization):
        for key, (part, _rejoin) in sorted(_ties.items()):
            if (tie := part(actor, person, box)) is not None:
                kept["ties"].append([key, box.pk, tie])
        kept["passwords"].append([box.pk, box.password_hash])
        _set_password(actor, box, "")
        touched.add(box.mail_id)
    for link in MailboxLink.objects.filter(organization=organization, person=person).order_by("pk"):
        kept["links"].append([link.mailbox_id, link.linked_at.isoformat()])
        link.delete()
    _publish(touched)
    return kept


def _known_to(person: Person, organization: Organization) -> list[Mailbox]:
    """The person's own mailboxes whose password they know: it is their login, or they were let set it."""
    boxes = mailboxes_of(person, organization)
    users = users_by_mailbox(boxes)
    granted = _granted_to(Membership.objects.filter(organization=organization, person=person).first())
    return [
        box
        for box in boxes
        if _carries_login(box, person)
        or (not _others(users[box.pk], person) and PASSWORD.code in granted.get(box.resource, []))
    ]


def reopen(actor: Actor, person: Person, organization: Organization, kept: Mapping[str, Any]) -> None:
    """Put back what `close` ended, where nobody has set something else meanwhile."""
    boxes = Mailbox.objects.filter(organization=organization).select_related("mail__service")
    known = boxes.in_bulk(
        {number for number, *_rest in [*kept["devices"], *kept["links"], *kept["passwords"]]}
    )
    touched = set()
    for number, label, digest, made_at in kept["devices"]:
        if (box := known.get(number)) is not None:
            AppPassword.objects.create(
                organization=organization, mailbox=box, person=person, label=label, digest=digest,
                created_at=dt.datetime.fromisoformat(made_at),
            )  # fmt: skip
            record(actor, Happened.APP_PASSWORD_CREATED, box, label=label)
            touched.add(box.mail_id)
    for number, linked_at in kept["links"]:
        if (box := known.get(number)) is not None:
            MailboxLink.objects.get_or_create(
                organization=organization, mailbox=box, person=person,
                defaults={"linked_at": dt.datetime.fromisoformat(linked_at)},
            )  # fmt: skip
    for number, password_hash in kept["passwords"]:
        box = known.get(number)
        if box is not None and not box.password_hash:
            _set_password(actor, box, password_hash)
            touched.add(box.mail_id)
    for key, number, tie in kept["ties"]:
        if key in _ties and (box := known.get(number)) is not None:
            _ties[key][1](actor, person, box, tie)
    _publish(touched)


def settle(actor: Actor, case: Case) -> Kept:
    """Carry out the choice for one mailbox. Its password and the person's access ended with the membership."""
    box = _mailbox(case)
    if case.choice == Choice.HAND_OVER and case.heir is not None:
        return _hand_over(actor, box, case, case.heir)
    if case.choice == Choice.DELETE:
        grants = Grant.objects.filter(
            organization=case.organization, product=PRODUCT, resource=box.resource
        ).values_list("membership_id", "team_id", "right")
        kept: Kept = {"grants": [list(one) for one in grants]}
        delete_mailbox(actor, box, are_logins_confirmed=True)
        return kept
    return {}


def _hand_over(actor: Actor, box: Mailbox, case: Case, heir: Membership) -> Kept:
    kept: Kept = {
        "heir": heir.pk,
        "had": _granted_to(heir).get(box.resource, []),
        "was_linked": _is_linked(box, heir),
    }
    if heir.role in USE.roles:
        MailboxLink.objects.get_or_create(organization=case.organization, mailbox=box, person=heir.person)
        record(actor, Happened.ACCESS_GIVEN, box, person=heir.person.display_name)
    else:
        rights = {USE.code, *kept["had"]}
        rights |= {MAILBOX_SEND.code, PASSWORD.code} if case.data["is_own"] else set(case.data["rights"])
        if not case.data["is_own"] and not case.data["rights"]:
            rights.add(MAILBOX_SEND.code)  # the person had it by role: the heir may read and send
        give_access(
            actor,
            box,
            membership=heir,
            may_send=MAILBOX_SEND.code in rights,
            may_change_password=PASSWORD.code in rights,
        )
    if case.data["login"] and case.person in logins.people_signing_in_with(box):
        logins.release([case.person], by=actor.label)
    return kept


def restore(actor: Actor, case: Case, kept: Mapping[str, Any]) -> None:
    """The mailbox is the person's again, and the heir has what they had before."""
    box = _mailbox(case, gone_too=True)
    if case.choice == Choice.DELETE:
        if box.deleted_at is not None:
            restore_mailbox(actor, box)
        for member, team, right in kept["grants"]:
            if member is not None:
                _grant(
                    box, Membership.objects.filter(pk=member, organization=case.organization).first(), right
                )
            else:
                _grant(box, Team.objects.filter(pk=team, organization=case.organization).first(), right)
    elif case.choice == Choice.HAND_OVER:
        heir = Membership.objects.filter(pk=kept["heir"], organization=case.organization).first()
        if heir is not None:
            withdraw_access(actor, box, membership=heir)
            for right in kept["had"]:
                _grant(box, heir, right)
            if kept["was_linked"]:
                MailboxLink.objects.get_or_create(
                    organization=case.organization, mailbox=box, person=heir.person
                )
    if case.data["login"] and case.choice in (Choice.HAND_OVER, Choice.DELETE):
        give_back_login_address(System("mail"), case.person, address=case.data["login"], by=actor.label)


def _grant(box: Mailbox, holder: Membership | Team | None, right: str) -> None:
    if holder is not None and getattr(holder, "role", None) not in ADMINISTRATORS:
        Grant.objects.get_or_create(
            organization_id=box.organization_id,
            membership=holder if isinstance(holder, Membership) else None,
            team=holder if isinstance(holder, Team) else None,
            right=right,
            product=PRODUCT,
            service_id=box.service_id,
            resource=box.resource,
        )


def _mailbox(case: Case, *, gone_too: bool = False) -> Mailbox:
    number = case.resource.removeprefix("mailbox:")
    boxes = Mailbox.objects.select_related("mail__service", "organization")
    if not gone_too:
        boxes = boxes.filter(deleted_at=None, mail__withdrawn_at=None)
    box = boxes.filter(organization=case.organization, pk=number).first()
    if box is None:
        raise HoldingGone
    return box


def _is_linked(box: Mailbox, membership: Membership) -> bool:
    return box.links.filter(person_id=membership.person_id).exists()


def _set_password(actor: Actor, box: Mailbox, password_hash: str) -> None:
    box.password_hash = password_hash
    box.wished(_("Publishing the new password"))
    box.save()
    record(actor, Happened.PASSWORD_CHANGED, box)


def _publish(mails: Iterable[int]) -> None:
    from kanton.products.mail.tasks import publish_mail

    for number in sorted(set(mails)):
        after_commit(publish_mail, number, unique_key=f"publish-mail:{number}")


def login_in_mail_service(membership: Membership) -> Iterator[Condition]:
    """Who signs in with an address of one of the organization's mail services cannot leave by themselves (ORG-23)."""
    person = membership.person
    for mail in MailService.objects.filter(organization=membership.organization, withdrawn_at=None):
        if person.pk in {one.pk for one in logins.people_signing_in_at(mail)}:
            words = {"address": person.email, "service": mail, "people": helpers(membership)}
            text = _(
                "You sign in with %(address)s, an address of the mail service %(service)s. Change your login address "
                "first, or ask %(people)s to remove you."
            )
            if not words["people"]:
                text = _(
                    "You sign in with %(address)s, an address of the mail service %(service)s. Change your login "
                    "address first."
                )
            text %= words
            yield Condition(
                "login_in_mail_service",
                text,
                reverse("recovery:login_address"),
                _("Change the login address"),
            )
