"""The mails of organizations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import translation

from kanton.accounts.places import country_name
from kanton.config import config
from kanton.core.outbox import send_mail
from kanton.core.rights import ADMINISTRATORS, Role
from kanton.organizations.models import Invitation, Membership, Organization
from kanton.organizations.queries import mail_readers


def invitation(invitation: Invitation, secret: str, *, invited_by: str) -> None:
    """The link by which an invited person joins."""
    send_mail(
        invitation.email,
        "organizations/invitation",
        {
            "organization": invitation.organization.name,
            "invited_by": invited_by,
            "link": f"{config.web.address}/invitations/{secret}",
        },
        language=invitation.mail_language,
        kind="invitation",
        secret=True,
    )


def role_changed(membership: Membership, *, by: str) -> None:
    """Tell a member about the new role (ORG-56)."""
    person = membership.person
    send_mail(
        person.email,
        "organizations/role_changed",
        {
            "organization": membership.organization.name,
            "role": Role(membership.role).label,
            "is_limited": membership.role not in ADMINISTRATORS,
            "by": by,
        },
        language=person.language,
        time_zone=person.time_zone,
        kind="membership",
    )


def member_removed(membership: Membership) -> None:
    """Tell somebody that the membership ended (ORG-53)."""
    person = membership.person
    send_mail(
        person.email,
        "organizations/member_removed",
        {"organization": membership.organization.name},
        language=person.language,
        time_zone=person.time_zone,
        kind="membership",
    )


def access_changed(membership: Membership, products: Sequence[Any], *, by: str) -> None:
    """Tell a member what is open to them now."""
    person = membership.person
    send_mail(
        person.email,
        "organizations/access_changed",
        {"organization": membership.organization.name, "products": products, "by": by},
        language=person.language,
        time_zone=person.time_zone,
        kind="membership",
    )


def details_changed(organization: Organization, changes: Mapping[str, tuple[str, str]], *, by: str) -> None:
    """Tell all owners what changed, old and new, each in their own language (ORG-12, ORG-13)."""
    for person in (membership.person for membership in mail_readers(organization)):
        with translation.override(person.language):
            lines = [
                {"field": label_of(name), "text": f"{shown(name, old)} → {shown(name, new)}"}
                for name, (old, new) in changes.items()
            ]
        send_mail(
            person.email,
            "organizations/details_changed",
            {"organization": organization.name, "changes": lines, "by": by},
            language=person.language,
            time_zone=person.time_zone,
            kind="organization",
        )


def label_of(field_name: str) -> str:
    """What people call a field of the organization, in the language active now."""
    return str(getattr(Organization._meta.get_field(field_name), "verbose_name", field_name))


def shown(field_name: str, value: str) -> str:
    """A value of the organization as people read it."""
    if field_name == "country":
        return country_name(value)
    choices = dict(getattr(Organization._meta.get_field(field_name), "choices", None) or ())
    return str(choices.get(value, value)) or "–"
