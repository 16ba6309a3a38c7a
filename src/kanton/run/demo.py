"""The demo: a Swiss provider with a few believable customers, made through the same actions that people use.

The name server and the mail servers run already when it is made, so that domains and mailboxes are proved to work
before anybody looks at them. Running it again completes what is missing and doubles nothing.
"""

import contextlib
import os
import secrets
import smtplib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Any

from kanton.accounts.actions import register
from kanton.accounts.models import Person
from kanton.accounts.queries import become
from kanton.billing.actions.orders import place_order
from kanton.billing.actions.payments import pay_invoice, take_in, top_up
from kanton.billing.models import Invoice, Order
from kanton.billing.payments.contract import Outcome
from kanton.billing.payments.test_provider import TestProvider, decide
from kanton.billing.quotes import Item
from kanton.catalog.models import Plan
from kanton.catalog.sample import load_sample
from kanton.config import config
from kanton.core import clock
from kanton.core.actor import Actor, System, visitor
from kanton.core.errors import DomainError
from kanton.core.jobs.execution import execute
from kanton.core.jobs.models import Job
from kanton.core.money import Money
from kanton.core.rights import Role
from kanton.organizations.actions import accept_own_invitation, create_organization, invite_member
from kanton.organizations.models import Kind, Organization
from kanton.products.domains.actions import create_record
from kanton.products.domains.models import Zone
from kanton.products.mail.actions import create_mailbox, create_redirect
from kanton.products.mail.models import Mailbox, MailService
from kanton.run.endpoints import reachable

Tell = Callable[[str], None]
LOOPBACK = ("127.0.0.1", "::1", "localhost")
JOBS_SECONDS = 25.0
LEASE = timedelta(minutes=2)


def password() -> str:
    """The password of all demo logins: one that is easy to type here, one nobody guesses where others can reach it."""
    if config.web.host in LOOPBACK:
        return "edelweiss-demo"
    path = config.folder("secrets") / "demo-password"
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(f"demo-{secrets.token_urlsafe(12)}\n")
    return path.read_text().strip()


@dataclass(frozen=True)
class Colleague:
    """Somebody else in an organization; with `mailbox`, they may use just that one."""

    first_name: str
    last_name: str
    email: str
    role: Role
    language: str = "en"
    mailbox: str = ""


@dataclass(frozen=True)
class Letter:
    """A mail that came in."""

    to: str
    sender: str
    subject: str
    text: str


@dataclass(frozen=True)
class Customer:
    """An organization, who owns it, what it bought."""

    first_name: str
    last_name: str
    email: str
    company: str
    country: str
    language: str
    street: str
    postal_code: str
    city: str
    top_up: str
    kind: str = Kind.COMPANY
    domains: Sequence[str] = ()
    mail: str = ""
    mail_plan: str = "mail"
    mailboxes: Sequence[tuple[str, str]] = ()
    redirects: Sequence[tuple[str, str]] = ()
    records: Sequence[tuple[str, str, str]] = ()
    colleagues: Sequence[Colleague] = ()
    letters: Sequence[Letter] = ()
    unpaid: str = ""
    details: dict[str, str] = field(default_factory=dict)


ACME = Customer(
    "Ana",
    "Bieri",
    "ana@acme.example",
    "Acme AG",
    "CH",
    "en",
    "Marktgasse 17",
    "3011",
    "Bern",
    top_up="400.00",
    domains=("acme.example", "acme-werkstatt.example"),
    mail="acme.example",
    mailboxes=(("ana", "Ana Bieri"), ("ben", "Ben Keller"), ("info", "Acme AG")),
    redirects=(("hello", "info"),),
    records=(
        ("www", "A", "192.0.2.80"),
        (".", "A", "192.0.2.80"),
        ("www", "AAAA", "2001:db8::80"),
        ("shop", "CNAME", "www.acme.example"),
        ("_acme-challenge", "TXT", "n3Xk0demo-token-of-a-certificate"),
    ),
    colleagues=(
        Colleague("Ben", "Keller", "ben@acme.example", Role.COLLABORATOR, mailbox="info"),
        Colleague("Mia", "Roth", "mia@acme.example", Role.ADMINISTRATOR, "de"),
    ),
    letters=(
        Letter(
            "info@acme.example",
            "Lea Brunner <lea.brunner@kunde.example>",
            "Offerte für die neue Webseite",
            "Guten Tag\n\nKönnten Sie uns bis Ende Monat eine Offerte schicken?\n\nFreundliche Grüsse\nLea Brunner\n",
        ),
        Letter(
            "info@acme.example",
            "Atelier Dupont <studio@dupont-photo.example>",
            "Photos de l'équipe",
            "Bonjour,\n\nLes photos sont prêtes. Quand pouvons-nous passer ?\n\nCamille Dupont\n",
        ),
        Letter(
            "ana@acme.example",
            "Ben Keller <ben@acme.example>",
            "Numbers for Thursday",
            "Hi Ana,\n\nthe figures for Thursday are ready. Shall we look at them at ten?\n\nBen\n",
        ),
        Letter(
            "hello@acme.example",
            "Tom Frei <tom@nachbar.example>",
            "Parkplatz",
            "Hallo zusammen\n\nDarf ich morgen euren Parkplatz brauchen? Danke!\n\nTom\n",
        ),
    ),
    unpaid="acme-ferien.example",
)

CUSTOMERS = (
    ACME,
    Customer(
        "Camille",
        "Dupont",
        "camille@dupont-photo.example",
        "Atelier Dupont",
        "FR",
        "fr",
        "12 rue des Carmes",
        "69001",
        "Lyon",
        top_up="120.00",
        domains=("dupont-photo.example",),
        mail="dupont-photo.example",
        mail_plan="mail-starter",
        mailboxes=(("studio", "Atelier Dupont"),),
        records=(("www", "A", "192.0.2.81"),),
    ),
    Customer(
        "Zoe",
        "Weber",
        "zoe@globex.example",
        "Globex GmbH",
        "DE",
        "de",
        "Lindenstraße 4",
        "10969",
        "Berlin",
        top_up="60.00",
        domains=("globex.example",),
        records=(("www", "A", "192.0.2.82"),),
    ),
    Customer(
        "Luca",
        "Rossi",
        "luca@bergfreunde.example",
        "Verein Bergfreunde Ticino",
        "CH",
        "it",
        "Via Nassa 3",
        "6900",
        "Lugano",
        top_up="25.00",
        domains=("bergfreunde.example",),
    ),
)
STAFF = ("Sam", "Frei", "sam@alpenhost.example")


def load(tell: Tell) -> list[dict[str, str]]:
    """Make the demo provider. Returns its logins."""
    word = password()
    tell("the catalogue")
    load_sample()
    logins: list[dict[str, str]] = []
    for customer in CUSTOMERS:
        tell(customer.company)
        logins += _customer(customer, word, tell)
    staff = _person(*STAFF, language="en", country="CH", word=word)
    if not staff.is_staff:
        Person.objects.filter(pk=staff.pk).update(is_staff=True)
    logins.append(_login(staff, word, f"{config.operator.name}'s staff: the back office"))
    do_jobs(lambda: False, seconds=3.0)
    return logins


def _login(person: Person, word: str, about: str) -> dict[str, str]:
    return {"login": person.email, "password": word, "name": person.display_name, "about": about}


def _customer(customer: Customer, word: str, tell: Tell) -> list[dict[str, str]]:
    owner = _person(
        customer.first_name,
        customer.last_name,
        customer.email,
        language=customer.language,
        country=customer.country,
        word=word,
    )
    actor = become(visitor(language=customer.language), owner)
    organization = Organization.objects.filter(memberships__person=owner, name=customer.company).first()
    if organization is None:
        address = {"street": customer.street, "postal_code": customer.postal_code, "city": customer.city}
        organization = create_organization(
            actor,
            owner,
            name=customer.company,
            kind=customer.kind,
            country=customer.country,
            details=address | customer.details,
        )
        _top_up(actor, organization, customer.top_up)
    for name in customer.domains:
        _order(actor, organization, "domain-example", 12, {"name": name})
    do_jobs(lambda: all(_zone(name) is not None for name in customer.domains))
    if customer.mail:
        tell(f"{customer.company}: mail")
        quantity = 5 if customer.mail_plan == "mail" else 1
        _order(
            actor,
            organization,
            customer.mail_plan,
            12,
            {"domain": customer.mail, "name": customer.mail},
            quantity,
        )
        do_jobs(lambda: MailService.objects.filter(organization=organization).exists())
    for name, kind, target in customer.records:
        zone = _zone(customer.domains[0])
        if zone is not None:
            with contextlib.suppress(DomainError):  # it is there already
                create_record(actor, zone, source=name, type=kind, target=target)
    boxes = _mailboxes(actor, organization, customer, word)
    logins = [_login(owner, word, f"owner of {customer.company}")]
    for colleague in customer.colleagues:
        logins.append(_colleague(actor, organization, colleague, boxes, word))
    if customer.unpaid:
        _order(actor, organization, "domain-example", 12, {"name": customer.unpaid}, is_paid=False)
    names = {box.pk for box in boxes.values()}
    do_jobs(lambda: Mailbox.objects.filter(pk__in=names, wish_state="done").count() == len(names))
    _deliver(customer.letters)
    return logins


def _person(first_name: str, last_name: str, email: str, *, language: str, country: str, word: str) -> Person:
    known = Person.objects.filter(email=email).first()
    if known is not None:
        return known
    made = register(
        visitor(language=language),
        email=email,
        password=word,
        first_name=first_name,
        last_name=last_name,
        country=country,
        language=language,
        is_address_proven=True,
    )
    if made is None:
        raise RuntimeError(f"{email} was registered by somebody else just now")
    return made


def _top_up(actor: Actor, organization: Organization, amount: str) -> None:
    payment = top_up(
        actor, organization, amount=Money.of(amount, organization.currency), method=TestProvider.code
    )
    provider = TestProvider()
    for headers, body in decide(payment.key, payment.amount, Outcome.SUCCEEDED):
        take_in(System("payments"), provider.code, provider.read_callback(headers, body))


def _order(
    actor: Actor,
    organization: Organization,
    plan: str,
    months: int,
    options: dict[str, Any],
    quantity: int = 1,
    *,
    is_paid: bool = True,
) -> Order:
    """Order once; the same order again is the one that was made the first time."""
    item = Item(Plan.objects.get(code=plan), months, quantity, options)
    order = place_order(actor, organization, items=[item], request_key=f"demo:{plan}:{options['name']}")
    invoice = Invoice.objects.filter(order=order).first()
    if is_paid and invoice is not None and invoice.is_open:
        pay_invoice(actor, invoice, prepaid_part=invoice.total)
    return order


def _zone(name: str) -> Zone | None:
    return Zone.objects.filter(name=name).first()


def _mailboxes(actor: Actor, organization: Organization, customer: Customer, word: str) -> dict[str, Mailbox]:
    mail = MailService.objects.filter(organization=organization).first()
    if mail is None:
        return {}
    for local_part, name in customer.mailboxes:
        if not mail.mailboxes.filter(local_part=local_part).exists():
            create_mailbox(actor, mail, local_part=local_part, password=word, name=name)
    for local_part, target in customer.redirects:
        if not mail.addresses.filter(local_part=local_part).exists():
            create_redirect(actor, mail, local_part=local_part, targets=[f"{target}@{customer.mail}"])
    return {mailbox.local_part: mailbox for mailbox in mail.mailboxes.all()}


def _colleague(
    actor: Actor, organization: Organization, colleague: Colleague, boxes: dict[str, Mailbox], word: str
) -> dict[str, str]:
    person = _person(
        colleague.first_name,
        colleague.last_name,
        colleague.email,
        language=colleague.language,
        country=organization.country,
        word=word,
    )
    about = f"{colleague.role.label.lower()} of {organization.name}"
    grants: list[dict[str, Any]] = []
    if colleague.mailbox and colleague.mailbox in boxes:
        box = boxes[colleague.mailbox]
        about += f", only the mailbox {box.address}"
        grants = [{"right": "mail.send", "service_id": box.service_id, "resource": box.resource}]
    if not organization.memberships.filter(person=person).exists():
        invitation = invite_member(
            actor, organization, email=person.email, role=colleague.role, grants=grants
        )
        accept_own_invitation(become(visitor(language=person.language), person), person, number=invitation.pk)
    return _login(person, word, about)


def _deliver(letters: Sequence[Letter]) -> None:
    """Bring the letters by SMTP, as any other server would."""
    if not letters or not config.smtp.enabled:
        return
    with (
        contextlib.suppress(OSError, smtplib.SMTPException),
        smtplib.SMTP(reachable(config.smtp.host), config.smtp.port, timeout=10) as server,
    ):
        for number, letter in enumerate(letters):
            message = EmailMessage()
            message["From"], message["To"], message["Subject"] = letter.sender, letter.to, letter.subject
            message["Date"] = format_datetime(
                clock.now() - timedelta(hours=7 * (len(letters) - number), minutes=13)
            )
            message["Message-ID"] = make_msgid(domain="kunde.example")
            message.set_content(letter.text)
            with contextlib.suppress(smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused):
                server.send_message(message)


def do_jobs(is_enough: Callable[[], bool], *, seconds: float = JOBS_SECONDS) -> None:
    """Do what waits, as the worker will that starts after us, until it is enough or takes too long.

    What is then still pending is not lost: the worker goes on with it.
    """
    until = time.monotonic() + seconds
    idle_until = time.monotonic() + 0.5
    while time.monotonic() < until:
        job = Job.claim("demo", LEASE)
        if job is not None:
            execute(job)
            idle_until = time.monotonic() + 0.5
        elif is_enough() or (seconds < JOBS_SECONDS and time.monotonic() > idle_until):
            return
        else:
            time.sleep(0.05)
