"""What the end of an account means for mail: no mailbox goes with it (ACC-68)."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kanton.accounts.ending import Effect, Ending, Fate
from kanton.accounts.models import Person, address_key
from kanton.accounts.profile.exporting import Part
from kanton.products.mail.models import AppPassword, Mailbox, MailboxLink

NAMED_MAX = 5


def effects(person: Person) -> Iterator[Effect]:
    """The mailboxes that the person reads stay, and so do their device passwords."""
    linked = MailboxLink.objects.filter(person=person).order_by("mailbox__address")
    addresses = list(linked.values_list("mailbox__address", flat=True))
    if addresses:
        named = ", ".join(addresses[:NAMED_MAX]) + (", …" if len(addresses) > NAMED_MAX else "")
        yield Effect(
            ngettext(
                "The mailbox %(addresses)s is not deleted. It stays with its organization; you can no longer read it.",
                "The mailboxes %(addresses)s are not deleted. They stay with their organizations; you can no longer "
                "read them.",
                len(addresses),
            )
            % {"addresses": named},
            Fate.STAYS,
        )
    elif Mailbox.objects.alive().filter(address=address_key(person.email)).exists():
        yield Effect(
            _("The mailbox %(addresses)s stays with its organization.") % {"addresses": person.email},
            Fate.STAYS,
        )
    devices = AppPassword.objects.filter(person=person, mailbox__deleted_at=None).count()
    if devices:
        yield Effect(
            ngettext(
                "%(number)s device password that you made for a mailbox stays with the mailbox. Revoke it first if the "
                "device is yours.",
                "%(number)s device passwords that you made for mailboxes stay with them. Revoke them first if the "
                "devices are yours.",
                devices,
            )
            % {"number": devices},
            Fate.STAYS,
        )


def _links(person: Person) -> Iterator[dict[str, object]]:
    for link in (
        MailboxLink.objects.filter(person=person).select_related("mailbox").order_by("mailbox__address")
    ):
        yield {"address": link.mailbox.address, "since": link.linked_at}


EXPORT = Part("mailboxes", gettext_lazy("Mailboxes you read"), _links, order=50)
MAIL = Ending("mail", effects, order=70)
