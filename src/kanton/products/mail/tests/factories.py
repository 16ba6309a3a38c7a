"""Mail services for tests, and an engine that only remembers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from kanton.core import clock
from kanton.core.actor import Actor, System
from kanton.organizations.models import Organization
from kanton.products.actions import start_service
from kanton.products.mail.actions import create_mailbox, set_up_mail_service
from kanton.products.mail.engine.port import DkimKey, DomainState, Proof, Submitted
from kanton.products.mail.limits import Allowance
from kanton.products.mail.models import Mailbox, MailService

PASSWORD = "Fjord-Kiesel-417-Wolke"
_numbers = iter(range(10**9))


def make_mail(
    organization: Organization,
    name: str = "acme.example",
    *,
    plan: str = "mail",
    controlled: bool = True,
    **options: object,
) -> MailService:
    """A mail service of the organization, set up as a paid order line would."""
    service = start_service(
        System("billing"),
        organization,
        order_line=f"test-mail-{next(_numbers)}",
        product="mail",
        plan=plan,
        name=name,
        options={"domain": name, **options},
        starts_on=clock.today(),
        ends_on=None,
        period_months=12,
    )
    mail = set_up_mail_service(System("mail"), service)
    if controlled:
        mail.domains.update(controlled_at=clock.now())
    return MailService.objects.get(pk=mail.pk)


def make_mailbox(actor: Actor, mail: MailService, local_part: str = "info", **fields: Any) -> Mailbox:
    """An address with the password PASSWORD."""
    new = create_mailbox(actor, mail, local_part=local_part, **({"password": PASSWORD} | fields))
    return Mailbox.objects.select_related("mail__service", "mail__organization").get(pk=new.mailbox.pk)


@dataclass
class RememberingEngine:
    """Takes every state and proves what it was told; for tests of the room only."""

    published: dict[str, DomainState] = field(default_factory=dict)
    discarded: set[str] = field(default_factory=set)
    answer: Proof = field(default_factory=lambda: Proof(True))
    calls: list[str] = field(default_factory=list)

    def publish_domain(self, state: DomainState) -> None:
        self.calls.append(f"publish {state.domain}")
        self.published[state.domain] = state

    def withdraw_domain(self, domain: str) -> None:
        self.published.pop(domain, None)

    def discard_mailbox(self, store: str) -> None:
        self.discarded.add(store)

    def restore_mailbox(self, store: str) -> bool:
        self.discarded.discard(store)
        return True

    def purge_mailbox(self, store: str) -> None:
        self.calls.append(f"purge {store}")

    def probe_domain(self, domain: str) -> Proof:
        return self.answer if domain in self.published else Proof(False, "not published")

    def probe_mailbox(self, address: str) -> Proof:
        local, _, domain = address.partition("@")
        known = self.published.get(domain)
        if known is None or local not in [box.local for box in known.mailboxes]:
            return Proof(False, "not published")
        return self.answer

    def new_dkim_key(self, selector: str) -> DkimKey:
        return DkimKey(selector, "-----BEGIN PRIVATE KEY-----", "v=DKIM1; k=rsa; p=AAAA")

    def submit(self, login: str, sender: str, recipients: Sequence[str], message: bytes) -> Submitted:
        self.calls.append(f"submit {login} {len(recipients)}")
        return Submitted("1", "<1@test>")

    def allowance(self, address: str, limit: int) -> Allowance:
        return Allowance(True, limit, 0, None)

    def storage_bytes(self, store: str) -> int:
        return 0
