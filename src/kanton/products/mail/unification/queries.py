"""Does a mailbox open with this password? The question that mail servers answer, asked on a page."""

from __future__ import annotations

from datetime import timedelta

from kanton.core.secrets import token_hash
from kanton.core.throttle import Rule, forget, throttle_all
from kanton.products.mail.engine.configured import engine_settings
from kanton.products.mail.engine.credentials import Closed, Credentials
from kanton.products.mail.unification.errors import ProgramsRefused

WINDOW = timedelta(minutes=10)
_servers: dict[object, Credentials] = {}


def opens_mailbox(address: str, password: str, *, client: str) -> bool:
    """Whether a mail program could log in with this pair (ACC-44). Raises TooMany, and
    ProgramsRefused when the pair is right.

    A wrong pair counts as a failed attempt: ten in ten minutes for a network, as with IMAP, and as many for an address
    from wherever; unknown addresses count, and take as long, like known ones.
    """
    login = address.strip().lower()
    rules = [
        Rule(f"mailbox-test:{client}", 10, WINDOW),
        Rule(f"mailbox-test:{token_hash(login)[:24]}", 10, WINDOW),
    ]
    throttle_all(rules).or_refuse()
    published = engine_settings().published
    servers = _servers.setdefault(published, Credentials(published))
    try:
        is_right = servers.verify(login, password)
    except Closed as closed:
        raise ProgramsRefused(words=str(closed)) from None
    if is_right:
        for rule in rules:
            forget(rule.key)
    return is_right
