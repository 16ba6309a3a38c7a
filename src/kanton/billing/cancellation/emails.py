"""The mails of a cancellation."""

from __future__ import annotations

from django.db.models import Q

from kanton.accounts.models import Person
from kanton.billing.cancellation.models import Cancellation
from kanton.billing.emails import link_to, send_to
from kanton.core.outbox import send_mail
from kanton.core.rights import ADMINISTRATORS
from kanton.organizations.queries import mail_readers
from kanton.products.contract import product_called
from kanton.ui import formats


def please_confirm(made: Cancellation, person: Person, secret: str) -> None:
    """The link that confirms, with what is lost by it (BIL-117, BIL-120)."""
    from django.utils import timezone, translation

    organization = made.service.organization
    with translation.override(person.language), timezone.override(person.time_zone):
        values = {
            "name": made.service.name,
            "organization": organization.name,
            "lost": product_called(made.service.product).lost_by_cancelling(made.service),
            "until": formats.datetime(made.expires_at),
            "last_day": formats.date(made.takes_effect_on) if made.takes_effect_on else "",
            "link": link_to(organization, f"cancellation/link/{secret}"),
        }
    send_mail(
        person.email, "cancellation/please_confirm", values, language=person.language, time_zone=person.time_zone,
        kind="billing", secret=True,
    )  # fmt: skip


def cancelled(made: Cancellation, by: str) -> None:
    """To everyone with the role, the person who acted included (BIL-119)."""
    organization = made.organization
    administrators = Q(pk__in=mail_readers(organization, ADMINISTRATORS).order_by().values("person_id"))
    readers = Person.objects.filter(administrators | Q(pk=made.person_id)).order_by("pk")
    send_to(
        readers,
        "cancellation/cancelled",
        lambda: {
            "name": made.service.name,
            "organization": organization.name,
            "by": by,
            "lost": product_called(made.service.product).lost_by_cancelling(made.service),
            "last_day": formats.date(made.takes_effect_on) if made.takes_effect_on else "",
            "link": link_to(organization, "renewals"),
        },
        unique_key=f"cancelled:{made.pk}",
    )
