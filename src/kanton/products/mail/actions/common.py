"""What several changes of mail share: wishes, addresses that are taken, jobs."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import IntegrityError, transaction

from kanton.core.action import after_commit
from kanton.products.mail.addresses import BadAddress, own_local_part
from kanton.products.mail.errors import BadLocalPart, LocalPartTaken
from kanton.products.mail.models import Address, AddressKind, Mailbox, MailService

TARGETS_MAX = 50


def read_local_part(text: str, *, field: str = "local_part") -> str:
    """What stands before the @, as it is kept, or BadLocalPart."""
    try:
        return own_local_part(text)
    except BadAddress:
        raise BadLocalPart(local=text[:80], field=field) from None


def take(
    mail: MailService,
    local: str,
    kind: AddressKind,
    *,
    mailbox: Mailbox | None = None,
    targets: Sequence[str] = (),
    field: str = "local_part",
) -> Address:
    """Take a name in a service for this use, or LocalPartTaken."""
    try:
        with transaction.atomic():
            return Address.objects.create(
                organization_id=mail.organization_id,
                mail=mail,
                local_part=local,
                kind=kind,
                mailbox=mailbox,
                targets=list(targets),
            )
    except IntegrityError as error:
        raise LocalPartTaken(address=f"{local}@{mail.main_domain}", field=field) from error


def wish(mailbox: Mailbox, reason: str) -> None:
    """Something else is wanted of the mailbox from now on."""
    mailbox.wished(reason)
    mailbox.save()


def publish_later(mail: MailService) -> None:
    """Have the mail servers told after the commit."""
    from kanton.products.mail.tasks import publish_mail

    after_commit(publish_mail, mail.pk, unique_key=f"publish-mail:{mail.pk}")
