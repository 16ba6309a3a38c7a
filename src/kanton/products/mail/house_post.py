"""The house's own mails on their way out: what the outbox hands to our mail servers."""

from __future__ import annotations

from kanton.core.outbox.transports import Busy, Refused
from kanton.products.mail.engine.port import SendingRefused


def hand_over(message: bytes, sender: str, recipient: str, message_id: str) -> None:
    """Deliver to a mailbox here, or queue for another server as `smtp.outgoing` says; signed if the sender is ours.

    Raises Refused for what can never be delivered and Busy for what may be later.
    """
    from kanton.products.mail.engine.configured import mail_engine  # not needed for starting

    try:
        mail_engine().submit_own(sender, recipient, message, key=message_id)
    except SendingRefused as refused:
        raise (Refused if refused.code.startswith("5") else Busy)(str(refused)) from refused
