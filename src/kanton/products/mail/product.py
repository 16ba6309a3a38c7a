"""What a mail service can do, as the shop, billing and the console need to know it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from kanton.core.actor import Actor, System
from kanton.organizations.departure.contract import Case, Holding, Kept
from kanton.products.contract import (
    Done,
    Group,
    Meter,
    NeedsCustomer,
    OrderField,
    Outcome,
    Part,
    Product,
    RetryIn,
    Unit,
)
from kanton.products.mail.addresses import BadAddress, domain_in_ascii
from kanton.products.mail.rights import MAILBOX_SEND, MANAGE, PASSWORD, PRODUCT, STATISTICS, USE
from kanton.products.models import Wanted

if TYPE_CHECKING:
    from kanton.accounts.models import Person
    from kanton.organizations.models import Organization
    from kanton.products.models import Service


#: So many addresses are named before they are cancelled; more are counted.
NAMED_MAX = 10


class MailProduct(Product):
    """Mail on a domain: addresses, SMTP, IMAP, webmail."""

    code = PRODUCT
    name = _("Mail service")
    plural = _("Mail services")
    group = Group.COLLABORATION
    icon = "mail"
    list_url = "mail:services"
    use_right = USE
    manage_right = MANAGE
    is_lockable = False  # it has a maintenance mode instead (ORG-84)
    statistics_right = STATISTICS
    rights = (USE, MAILBOX_SEND, PASSWORD, STATISTICS, MANAGE)
    order_fields = (
        OrderField(
            "name",
            _("Domain"),
            _("The part of your addresses after the @. It may be registered elsewhere."),
            "acme.ch",
        ),
    )
    meters = (Meter("mailboxes", _("Addresses"), Unit.COUNT), Meter("storage", _("Storage"), Unit.BYTES))

    def check_order(self, organization: Organization | None, options: Mapping[str, Any]) -> dict[str, Any]:
        """A mail service needs a domain that no other mail service has."""
        from kanton.products.mail.errors import BadDomain, DomainTaken
        from kanton.products.mail.models import MailDomain

        text = str(options.get("domain") or options.get("name") or "")
        try:
            name = domain_in_ascii(text)
        except BadAddress:
            raise BadDomain(domain=text) from None
        if "." not in name:
            raise BadDomain(domain=text)
        if MailDomain.objects.filter(name=name).exists():
            raise DomainTaken(domain=name)
        return {**options, "domain": name, "name": name}

    def order_name(self, options: Mapping[str, Any]) -> str:
        """The domain."""
        return str(options.get("domain") or options.get("name") or "")

    def reconcile(self, service: Service) -> Outcome:
        """Set up, suspend, resume or end; done when the mail server takes mail for the domain."""
        from kanton.products.mail.actions import set_up_mail_service, withdraw_mail_service
        from kanton.products.mail.errors import DomainTaken
        from kanton.products.mail.models import MailService
        from kanton.products.mail.tasks import publish_mail

        mail = MailService.objects.filter(service=service).first()
        if service.wanted == Wanted.ENDED:
            if mail is not None and mail.withdrawn_at is None:
                withdraw_mail_service(System("mail"), mail)
            return Done()
        if mail is None:
            try:
                mail = set_up_mail_service(System("mail"), service)
            except DomainTaken as error:
                return NeedsCustomer(error.sentence, str(_("Unlink the domain there, or contact support.")))
        from kanton.core.jobs import RetryIn as NotYet

        try:
            publish_mail.call(mail.pk)
        except NotYet as wait:
            domain = mail.domains.filter(is_main=True).first()
            if domain is not None and domain.wish_state == "failed":
                return NeedsCustomer(domain.wish_reason, domain.wish_remedy)
            if domain is None or not domain.is_proved:
                return RetryIn(wait.seconds, str(_("The mail server does not take mail for the domain yet.")))
        return Done()

    def service_url(self, service: Service) -> str:
        """The console page of one mail service."""
        from django.urls import reverse

        return reverse("mail:service", args=[service.organization.slug, service.pk])

    def lost_by_cancelling(self, service: Service) -> Sequence[str]:
        """The addresses with their mail, the devices that are signed in, and the accounts whose login is among them."""
        from kanton.products.mail.logins import names_of, people_signing_in_at
        from kanton.products.mail.models import AppPassword, Mailbox, MailService

        boxes = Mailbox.objects.alive().filter(mail__service=service).order_by("address")
        number, named = boxes.count(), list(boxes.values_list("address", flat=True)[:NAMED_MAX])
        lost = [
            ngettext(
                "%(n)s address is deleted with all its mail.",
                "%(n)s addresses are deleted with all their mail.",
                number,
            )
            % {"n": number}
        ]
        if named:
            lost[0] += " " + ", ".join(named) + (", …" if number > len(named) else "")
        if devices := AppPassword.objects.filter(mailbox__in=boxes).count():
            lost.append(
                ngettext(
                    "%(n)s device password stops working.", "%(n)s device passwords stop working.", devices
                )
                % {"n": devices}
            )
        mail = MailService.objects.filter(service=service).first()
        if mail is not None and (people := people_signing_in_at(mail)):
            lost.append(
                gettext(
                    "The login address of %(people)s is among them. The account stays, and gets a substitute user name "
                    "by mail and text message."
                )
                % {"people": names_of(people)}
            )
        return (*lost, *super().lost_by_cancelling(service))

    def usage(self, service: Service) -> dict[str, int]:
        """Addresses and bytes."""
        from django.db.models import Sum

        from kanton.products.mail.models import Mailbox

        boxes = Mailbox.objects.alive().filter(mail__service=service)
        total = boxes.aggregate(total=Sum("storage_bytes"))["total"]
        return {"mailboxes": boxes.count(), "storage": int(total or 0)}

    def parts(self, services: Sequence[Service], *, limit: int | None = None) -> Mapping[int, Sequence[Part]]:
        """The addresses, each to be opened alone (ORG-68)."""
        return _parts(Q(mail__service__in=services), limit)

    def parts_named(
        self, organization: Organization, search: str, *, limit: int
    ) -> Mapping[int, Sequence[Part]]:
        """Addresses by a piece of them."""
        return _parts(Q(organization=organization, address__icontains=search), limit)

    def parts_at(
        self, services: Sequence[Service], resources: Collection[str]
    ) -> Mapping[int, Sequence[Part]]:
        """Addresses by their numbers."""
        from kanton.products.mail.models import mailbox_number

        numbers = {mailbox_number(resource) for resource in resources} - {None}
        return _parts(Q(mail__service__in=services, pk__in=numbers), None)

    def holdings_of(self, person: Person, organization: Organization) -> Sequence[Holding]:
        """The addresses that a person uses, and those that carry their login (ORG-50)."""
        from kanton.products.mail import departing

        return departing.holdings_of(person, organization)

    def facts_about(self, person: Person, organization: Organization) -> Iterable[str]:
        """Device passwords and rights on whole services."""
        from kanton.products.mail import departing

        return departing.facts_about(person, organization)

    def close(self, actor: Actor, person: Person, organization: Organization) -> Kept:
        """Nothing that the person knows opens a mailbox any more."""
        from kanton.products.mail import departing

        return departing.close(actor, person, organization)

    def settle(self, actor: Actor, case: Case) -> Kept:
        """Hand an address over, delete it, or leave it with the organization."""
        from kanton.products.mail import departing

        return departing.settle(actor, case)

    def restore(self, actor: Actor, case: Case, kept: Mapping[str, Any]) -> None:
        """The address is as it was before."""
        from kanton.products.mail import departing

        departing.restore(actor, case, kept)

    def reopen(
        self, actor: Actor, person: Person, organization: Organization, kept: Mapping[str, Any]
    ) -> None:
        """What the person knows opens their mailboxes again."""
        from kanton.products.mail import departing

        departing.reopen(actor, person, organization, kept)


def _parts(which: Q, limit: int | None) -> dict[int, list[Part]]:
    from kanton.products.mail.models import Mailbox

    found: dict[int, list[Part]] = {}
    boxes = Mailbox.objects.alive().filter(which).order_by("address")[:limit]
    for pk, address, service_id in boxes.values_list("pk", "address", "mail__service_id"):
        part = Part(address, f"mailbox:{pk}", (USE, MAILBOX_SEND, PASSWORD))
        found.setdefault(service_id, []).append(part)
    return found
