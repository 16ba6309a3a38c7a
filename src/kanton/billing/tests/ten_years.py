"""A provider's life in a process of its own: organizations that order, pay, forget, move and cancel, for years.

python -m kanton.billing.tests.ten_years ORGANIZATIONS YEARS SEED [DAYS]     prints what was found as JSON

Customers pay by card (which declines, stays silent or reports twice), from the prepaid account and by bank transfer
(exactly, too little, too late, in the wrong currency, under an old reference, twice); prices rise; staff block orders,
credit invoices, settle the bank's work list and close the years. Again and again the power fails in the middle of a
statement: what ran is rolled back, and whoever looks next goes on. Each
customer does something every DAYS days (20). All of it follows from SEED.
"""

from __future__ import annotations

import io
import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kanton.accounts.models import Person
    from kanton.billing.bank.tests.bank_files import Entry
    from kanton.billing.models import Invoice, Payment
    from kanton.catalog.models import Plan
    from kanton.core.actor import Actor
    from kanton.organizations.models import Organization
    from kanton.products.models import Service

FIRST_DAY = date(2027, 1, 2)
PLACES = (("CH", ""), ("CH", ""), ("CH", ""), ("DE", ""), ("FR", "FR40303265045"), ("LI", ""), ("US", ""))


class PowerCut(KeyboardInterrupt):
    """The machine stops here. No job may tell of it, as none could."""


@dataclass
class Customer:
    """An organization with its owner, and the way it treats bills."""

    organization: Organization
    person: Person
    habit: str
    links: dict[int, str] = field(default_factory=dict)


class Life:
    """One provider with its customers."""

    def __init__(self, organizations: int, seed: int, days: int) -> None:
        from kanton.testing import acting, make_person

        self.chance = random.Random(seed)
        self.counted: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.problems: list[str] = []
        self.number = 0
        self.days = days
        self.to_bank: list[Entry] = []
        self.told: list[Entry] = []
        self.late: list[tuple[date, dict[str, str], bytes]] = []
        self.sam = acting(make_person("sam@alpenhost.example", "Sam", "Frei", is_staff=True))
        self.plans = self._catalogue(1)
        self.customers = [self._customer(number) for number in range(organizations)]

    # ── Who and what there is

    def _catalogue(self, factor: float) -> list[Plan]:
        from kanton.billing.tests.conftest import make_plan
        from kanton.core.money import Money

        def prices(*listed: tuple[int, str]) -> dict[tuple[str, int], Money]:
            return {
                (currency, months): Money.of(amount, currency).times(Decimal(str(factor)))
                for currency in ("CHF", "EUR")
                for months, amount in listed
            }

        return [
            make_plan("kite", prices=prices((1, "5"), (12, "50"))),
            make_plan("glider", prices=prices((3, "12.35"), (12, "47.15"), (24, "90.05"))),
            make_plan("balloon", prices=prices((12, "199.90"),), max_quantity=20),
        ]  # fmt: skip

    def _customer(self, number: int) -> Customer:
        from kanton.billing.models import PaymentProfile
        from kanton.testing import make_organization, make_person

        country, vat_number = self.chance.choice(PLACES)
        person = make_person(f"owner{number}@example.org", "Owner", str(number))
        organization = make_organization(
            f"Org {number}", f"org-{number}", person, country=country, vat_number=vat_number,
            currency="CHF" if country in ("CH", "LI") else "EUR",
        )  # fmt: skip
        habit = self.chance.choice(["card", "card", "prepaid", "transfer", "transfer", "forgetful"])
        if habit == "card":
            PaymentProfile.objects.create(
                organization=organization, provider="test", label="Card", token="good", is_default=True
            )
        return Customer(organization, person, habit)

    def actor(self, customer: Customer) -> Actor:
        """The owner, acting anew: nothing is remembered from an earlier day."""
        from kanton.testing import acting

        return acting(customer.person)

    # ── Days

    def day(self, today: date) -> None:
        """Night, morning, office hours, evening."""
        from kanton.billing.bank.tasks import match_new
        from kanton.billing.blocking.tasks import end_lapsed_blocks
        from kanton.billing.cancellation.tasks import carry_out_cancellations
        from kanton.billing.reminders.tasks import remind
        from kanton.billing.renewals.tasks import plan_guarantees, plan_renewals
        from kanton.billing.tasks import ask_about_silent_payments

        with at(today, 4):
            self.run(carry_out_cancellations, plan_renewals)
        with at(today, 7):
            self.bank_tells(today)
            self.run(match_new, remind)
        with at(today, 11):
            self.messages_come(today)
            for _turn in range(self._events()):
                self.event(self.chance.choice(self.customers))
            self.run(end_lapsed_blocks)
        with at(today, 12):
            self.run(ask_about_silent_payments)
            self.staff(today)
        with at(today, 20):
            self.run(plan_guarantees)

    def _events(self) -> int:
        """How much customers do on a day."""
        expected = len(self.customers) / self.days
        return int(expected) + (self.chance.random() < expected % 1)

    def run(self, *tasks: Any) -> None:
        """What the clock does at this hour, then all jobs that wait; now and then through a power cut."""
        from django.db import transaction

        from kanton.core.jobs.execution import Outcome, execute
        from kanton.core.jobs.models import Job, JobState

        for task in tasks:
            is_done = False
            while not is_done:
                with (
                    suppress(PowerCut),
                    self.power(),
                    transaction.atomic() if task.transactional else nullcontext(),
                ):
                    task.call()
                    is_done = True
        while True:
            try:
                with self.power():
                    job = Job.claim("life", timedelta(minutes=5))
                    if job is None:
                        return
                    outcome, error = execute(job)
            except PowerCut:
                Job.objects.filter(state=JobState.RUNNING).update(state=JobState.WAITING, lease_until=None)
                continue
            if outcome is Outcome.TROUBLE:
                self.problems.append(f"{job.short_name} failed: {error!r}")
                return

    def do(self, what: str, action: Callable[[], object]) -> None:
        """Somebody does something: it is done, refused with a reason, or cut off and not done at all."""
        from django.db import transaction

        from kanton.core.errors import DomainError

        try:
            with self.power(), transaction.atomic():
                action()
        except DomainError as error:
            self.refused[error.code] += 1
        except PowerCut:
            self.counted["cut off"] += 1
        else:
            self.counted[what] += 1

    @contextmanager
    def power(self) -> Iterator[None]:
        """Once in fifty times the power fails at one of the next statements."""
        from django.db import connection

        if self.chance.random() >= 0.02:
            yield
            return
        left = self.chance.randrange(1, 80)

        def counting(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                self.counted["power cuts"] += 1
                raise PowerCut
            return execute(sql, params, many, context)

        with connection.execute_wrapper(counting):
            yield

    # ── What customers do

    def event(self, customer: Customer) -> None:
        """One thing that one customer does."""
        does = self.chance.choices(
            [self.order, self.pay_open, self.renew, self.switch, self.top_up, self.change_period, self.cancel,
             self.withdraw, self.give_up, self.move],
            [22, 40, 14, 12, 8, 6, 3, 3, 4, 1],
        )[0]  # fmt: skip
        customer.organization.refresh_from_db()
        does(customer)

    def order(self, customer: Customer) -> None:
        """One to three things, sometimes with a code, sometimes under a brand's name."""
        from kanton.billing.actions import add_to_cart, open_cart, order_cart
        from kanton.billing.promotions.actions import apply_code, choose_method

        actor, organization = self.actor(customer), customer.organization
        wanted = []
        for _line in range(self.chance.choice([1, 1, 1, 2, 3])):
            self.number += 1
            brand = "paypal" if self.chance.random() < 0.03 else "kite"
            plan = self.chance.choice(self.plans)
            months = self.chance.choice(sorted(set(plan.prices.values_list("months", flat=True))))
            wanted.append((plan, months, f"{brand} {self.number}", self.chance.random() < 0.3))
        code = self.chance.choice(["", "", "", "WELCOME", "ONCEONLY", "NOTHING"])

        def place() -> None:
            cart, _secret = open_cart(actor, None, currency=organization.currency)
            for plan, months, name, is_guaranteed in wanted:
                quantity = self.chance.randint(plan.min_quantity, plan.max_quantity)
                add_to_cart(
                    actor, cart, plan=plan.code, months=months, quantity=quantity, options={"name": name},
                    is_guaranteed=is_guaranteed, organization=organization,
                )  # fmt: skip
            if code:
                choose_method(actor, organization, cart=cart, method="transfer")
                apply_code(actor, organization, cart=cart, code=code)
            order_cart(actor, organization, cart=cart)

        self.do("orders", place)
        if self.chance.random() < 0.8:
            self.pay_open(customer)

    def pay_open(self, customer: Customer) -> None:
        """Pay one of the open bills in the way this customer pays, with a promo code for some renewals."""
        from kanton.billing.models import Invoice
        from kanton.billing.promotions.actions import use_code_on_renewal

        found = list(Invoice.objects.filter(organization=customer.organization, status="open").order_by("pk"))
        if not found or (customer.habit == "forgetful" and self.chance.random() < 0.6):
            return
        invoice = self.chance.choice(found)
        if self.chance.random() < 0.1:
            actor = self.actor(customer)
            self.do("codes on renewals", lambda: use_code_on_renewal(actor, invoice, code="STAY2027"))
            invoice.refresh_from_db()
        way = (
            customer.habit
            if self.chance.random() < 0.7
            else self.chance.choice(["card", "prepaid", "transfer"])
        )
        if way in ("transfer", "forgetful"):
            self.transfer(customer, invoice)
        else:
            self.pay(customer, invoice, with_card=way == "card" or self.chance.random() < 0.3)

    def pay(self, customer: Customer, invoice: Invoice, *, with_card: bool) -> None:
        """From the prepaid account as far as it goes, the rest by card."""
        from kanton.billing import prepaid
        from kanton.billing.actions import pay_invoice
        from kanton.billing.models import Payment

        free = prepaid.standing(customer.organization, invoice.currency).available
        part = min(free, invoice.total) if self.chance.random() < 0.7 else None
        actor, method = self.actor(customer), "test" if with_card else ""
        self.do("payments begun", lambda: pay_invoice(actor, invoice, prepaid_part=part, method=method))
        begun = Payment.objects.filter(invoice=invoice, state="pending", provider="test").first()
        if begun is not None:
            self.at_the_provider(begun)

    def at_the_provider(self, payment: Payment) -> None:
        """The payer pays, is declined or leaves; the provider tells at once, twice, days later or never."""
        from kanton.billing.payments.contract import Outcome
        from kanton.billing.payments.test_provider import decide
        from kanton.core import clock

        fate = self.chance.choices(
            ["paid", "twice", "late", "silent", "declined", "left"], [60, 6, 6, 6, 12, 10]
        )[0]
        self.counted[f"card {fate}"] += 1
        if fate == "left":
            return
        outcome = Outcome.DECLINED if fate == "declined" else Outcome.SUCCEEDED
        for headers, body in decide(payment.key, payment.amount, outcome):
            if fate in ("paid", "declined", "twice"):
                self.report(headers, body)
            if fate == "twice":
                self.report(headers, body)
            if fate == "late":
                self.late.append((clock.today() + timedelta(days=self.chance.randint(1, 9)), headers, body))

    def report(self, headers: dict[str, str], body: bytes) -> None:
        """A message of the provider. Cut off, it is sent again until it is taken."""
        from kanton.billing.actions import take_in
        from kanton.billing.payments.contract import provider_called
        from kanton.core.actor import System

        message = provider_called("test").read_callback(headers, body)
        before = self.counted["messages"]
        while self.counted["messages"] == before:
            self.do("messages", lambda: take_in(System("test"), "test", message))

    def messages_come(self, today: date) -> None:
        """Those that are late."""
        due = [each for each in self.late if each[0] <= today]
        self.late = [each for each in self.late if each[0] > today]
        for _day, headers, body in due:
            self.report(headers, body)

    def transfer(self, customer: Customer, invoice: Invoice) -> None:
        """By bank: mostly right, and sometimes not."""
        from kanton.billing.bank.tests.bank_files import PAYER, Entry, Pay

        how = self.chance.choices(
            ["right", "little", "much", "currency", "old", "typo", "twice"], [75, 4, 4, 3, 5, 4, 5]
        )[0]
        self.counted[f"transfer {how}"] += 1
        minor, currency, reference = invoice.total_minor, invoice.currency, invoice.reference or ""
        if how == "little":
            minor = max(1, minor - self.chance.randint(1, 500))
        elif how == "much":
            minor += self.chance.randint(1, 5000)
        elif how == "currency":
            currency = "EUR" if currency == "CHF" else "CHF"
        elif how == "typo":
            reference = reference[:-1] + ("1" if reference[-1:] != "1" else "2")
        elif how == "old":
            paid = type(invoice).objects.filter(
                organization=customer.organization, status="paid", kind="invoice"
            )
            old = paid.exclude(reference=None).order_by("-pk").first()
            reference = old.reference or "" if old else reference
        if not minor:
            return
        amount = f"{minor // 100}.{minor % 100:02d}"
        for _turn in range(2 if how == "twice" else 1):
            self.number += 1
            pay = Pay(amount, reference, name=customer.organization.name, iban=PAYER)
            self.to_bank.append(Entry(amount, f"B{self.number}", (pay,), currency))

    def services(self, customer: Customer) -> list[Service]:
        """What runs or stands still."""
        from kanton.products.models import Service

        found = Service.objects.filter(organization=customer.organization).exclude(wanted="ended")
        return list(found.select_related("organization").order_by("pk"))

    def renew(self, customer: Customer) -> None:
        """Some lines of the to-pay list together."""
        from kanton.billing.renewals.actions import renew_services
        from kanton.billing.renewals.queries import rows_of, to_pay

        actor = self.actor(customer)
        found = to_pay(actor, customer.organization, everything=self.chance.random() < 0.2)
        rows = rows_of(actor, found[:4])
        lines = {row.pk: self.chance.choice(row.choices).choice for row in rows if row.choices}
        if lines:
            self.do("renewals by hand", lambda: renew_services(actor, customer.organization, lines=lines))
            self.pay_open(customer)

    def switch(self, customer: Customer) -> None:
        """Automatic renewal or the guarantee, on or off."""
        from kanton.billing.renewals.actions import switch_automatic, switch_guarantee

        chosen = [each.pk for each in self.services(customer) if self.chance.random() < 0.5]
        does, is_on = self.chance.choice([switch_automatic, switch_guarantee]), self.chance.random() < 0.75
        actor = self.actor(customer)
        self.do("switches", lambda: does(actor, customer.organization, services=chosen, is_on=is_on))

    def top_up(self, customer: Customer) -> None:
        """Money in advance."""
        from kanton.billing.actions import top_up
        from kanton.billing.models import Payment
        from kanton.core.money import Money

        actor, organization = self.actor(customer), customer.organization
        amount = Money(self.chance.randint(5_00, 400_00), organization.currency)
        self.do("top-ups", lambda: top_up(actor, organization, amount=amount, method="test"))
        begun = Payment.objects.filter(organization=organization, purpose="top_up", state="pending").last()
        if begun is not None:
            self.at_the_provider(begun)

    def change_period(self, customer: Customer) -> None:
        """Another billing period, or the planned one withdrawn."""
        from kanton.billing.renewals.actions import change_period, withdraw_period_change

        if not (found := self.services(customer)):
            return
        actor, service = self.actor(customer), self.chance.choice(found)
        if self.chance.random() < 0.3:
            self.do("changes withdrawn", lambda: withdraw_period_change(actor, service))
        else:
            months = self.chance.choice([1, 3, 12, 24])
            self.do("changes of period", lambda: change_period(actor, service, months=months))

    def cancel(self, customer: Customer) -> None:
        """Ask to cancel; most use the link, some withdraw."""
        from kanton.billing.cancellation import actions
        from kanton.billing.cancellation.models import Cancellation

        if not (found := self.services(customer)):
            return
        actor, service = self.actor(customer), self.chance.choice(found)
        at_end = self.chance.random() < 0.6
        self.do("cancellations asked", lambda: actions.request_cancellation(actor, service, at_end=at_end))
        asked = Cancellation.objects.filter(service=service, withdrawn_at=None, done_at=None).last()
        if asked is None or asked.pk not in LINKS:
            return
        if self.chance.random() < 0.8:
            token = LINKS[asked.pk]
            self.do("cancelled", lambda: actions.confirm_cancellation(actor, asked, token=token))
        if self.chance.random() < 0.3:
            self.do("cancellations withdrawn", lambda: actions.withdraw_cancellation(actor, asked))

    def withdraw(self, customer: Customer) -> None:
        """Money back from the prepaid account, more than there is now and then."""
        from kanton.billing import prepaid
        from kanton.billing.bank.actions import ask_withdrawal
        from kanton.billing.bank.tests.bank_files import PAYER
        from kanton.core.money import Money
        from kanton.testing import PASSWORD

        organization, actor = customer.organization, self.actor(customer)
        free = prepaid.standing(organization, organization.currency).available
        amount = Money(self.chance.randint(1_00, max(2_00, int(free.minor * 1.1))), organization.currency)
        self.do(
            "withdrawals",
            lambda: ask_withdrawal(
                actor, organization, amount=amount, account=PAYER, name=organization.name, password=PASSWORD
            ),
        )

    def give_up(self, customer: Customer) -> None:
        """An order that is not wanted any more, or a pro forma for renewals."""
        from kanton.billing.actions import cancel_order
        from kanton.billing.models import Invoice
        from kanton.billing.renewals.actions import withdraw_renewal

        found = list(Invoice.objects.filter(organization=customer.organization, status="open").order_by("pk"))
        if not found:
            return
        actor, invoice = self.actor(customer), self.chance.choice(found)
        if invoice.order is not None:
            order = invoice.order
            self.do("orders given up", lambda: cancel_order(actor, order))
        else:
            self.do("renewals withdrawn", lambda: withdraw_renewal(actor, invoice))

    def move(self, customer: Customer) -> None:
        """To another country: the next invoices are in its currency."""
        from kanton.organizations.actions import edit_details

        country, vat_number = self.chance.choice(PLACES)
        actor, details = self.actor(customer), {"country": country, "vat_number": vat_number}
        self.do("moves", lambda: edit_details(actor, customer.organization, details=details))

    # ── The bank and the staff

    def bank_tells(self, today: date) -> None:
        """Yesterday's entries, some of them told before; our transfers are carried out or come back."""
        from kanton.billing.bank.actions import import_statement
        from kanton.billing.bank.tests.bank_files import Entry, camt
        from kanton.core.actor import System

        held = [each for each in self.to_bank if self.chance.random() < 0.3]  # a working day longer
        entries = [each for each in self.to_bank if each not in held]
        self.to_bank = held
        if self.told and self.chance.random() < 0.2:
            entries += self.chance.sample(self.told, min(2, len(self.told)))
        if not entries:
            return
        dated = [Entry(**{**each.__dict__, "day": today.isoformat()}) for each in entries]
        self.told = (self.told + entries)[-20:]
        content = camt(*dated, kind=self.chance.choice(["053", "054"]))
        before = self.counted["statements"]
        while self.counted["statements"] == before:  # cut off, the file still lies there
            file = io.BytesIO(content)
            self.do("statements", lambda file=file: import_statement(System("bank"), None, file=file))  # type: ignore[misc]

    def staff(self, today: date) -> None:
        """The work list every few days, transfer files every week, blocks, credits, prices, and the end of the year."""
        if today.toordinal() % 3 == 0:
            self.settle_the_list()
        if today.weekday() == 0:
            self.send_transfers()
        if self.chance.random() < 0.05:
            self.block_or_release()
        if self.chance.random() < 0.03 * len(self.customers) / self.days:
            self.credit()
        if self.chance.random() < 0.02:
            self.change_cards()
        if (today.month, today.day) == (10, 1):
            factor = 1 + self.chance.choice([-0.05, 0.04, 0.1]) * (today.year - FIRST_DAY.year + 1)
            self.plans = self._catalogue(round(factor, 2))
        if (today.month, today.day) == (2, 15):
            self.close_year(today.year - 1)

    def settle_the_list(self) -> None:
        """Each payment that found nothing: credited, sent back, or booked as what it is."""
        from kanton.billing.bank.actions import assign_to_prepaid, book_charges, confirm_proposal, send_back
        from kanton.billing.bank.models import BankItem, ItemState
        from kanton.billing.bank.tests.bank_files import PAYER

        for item in BankItem.objects.filter(state=ItemState.OPEN).order_by("pk"):
            how = self.chance.choice(["confirm", "prepaid", "prepaid", "back", "wait"])
            organization = self.chance.choice(self.customers).organization
            if how == "confirm":
                self.do("proposals confirmed", lambda item=item: confirm_proposal(self.sam, item))  # type: ignore[misc]
            elif how == "prepaid" and item.is_credit:
                self.do(
                    "assigned to prepaid",
                    lambda item=item, to=organization: assign_to_prepaid(self.sam, item, organization=to),  # type: ignore[misc]
                )
            elif how == "back" and item.is_credit:
                self.do(
                    "sent back",
                    lambda item=item: send_back(self.sam, item, account=PAYER, name="Somebody"),  # type: ignore[misc]
                )
            elif how != "wait":
                self.do("booked as charges", lambda item=item: book_charges(self.sam, item))  # type: ignore[misc]

    def send_transfers(self) -> None:
        """Files for the bank, which carries most of it out within days and returns the rest."""
        from kanton.billing.bank.actions import make_transfer_file
        from kanton.billing.bank.models import Transfer
        from kanton.billing.bank.tests.bank_files import PAYER, Entry, Pay

        for currency in ("CHF", "EUR"):
            self.do("transfer files", lambda c=currency: make_transfer_file(self.sam, None, currency=c))  # type: ignore[misc]
        for transfer in Transfer.objects.filter(state="ordered").exclude(file=None).order_by("pk"):
            if self.chance.random() < 0.2:
                continue
            amount = f"{transfer.minor // 100}.{transfer.minor % 100:02d}"
            key = transfer.key or ""
            out = Pay(amount, end_to_end=key, iban=PAYER)
            self.to_bank.append(Entry(amount, f"D{transfer.pk}", (out,), transfer.currency, out=True))
            if self.chance.random() < 0.1:
                back = Pay(amount, end_to_end=key, iban=PAYER, reason="AC04")
                self.to_bank.append(Entry(amount, f"R{transfer.pk}", (back,), transfer.currency))

    def block_or_release(self) -> None:
        """An order looks wrong; another one was explained."""
        from kanton.billing.blocking.actions import block_order, release_order
        from kanton.billing.models import Order

        state = self.chance.choice(["awaiting_payment", "blocked", "blocked"])
        found = list(Order.objects.filter(state=state).order_by("pk"))
        if not found:
            return
        order = self.chance.choice(found)
        if state == "blocked":
            self.do("released", lambda: release_order(self.sam, order))
        else:
            self.do("blocked", lambda: block_order(self.sam, order, ground="fraud"))

    def credit(self) -> None:
        """An invoice is credited, whole or a part of its first line."""
        from kanton.billing.books.actions import credit_invoice, left_to_credit
        from kanton.billing.models import Invoice
        from kanton.core.money import Money

        found = Invoice.objects.filter(kind="invoice", status="paid", total_minor__gt=0).order_by("-pk")[:200]
        if not found:
            return
        invoice = self.chance.choice(list(found))
        left = {position: each for position, each in left_to_credit(invoice).items() if each}
        amounts = None
        if left and self.chance.random() < 0.5:
            position = min(left)
            amounts = {position: Money(self.chance.randint(1, left[position].minor), invoice.currency)}
        to_prepaid = self.chance.random() < 0.3
        self.do(
            "credit notes",
            lambda: credit_invoice(self.sam, invoice, amounts=amounts, to_prepaid=to_prepaid),
        )

    def change_cards(self) -> None:
        """Cards lapse, and are good again."""
        from kanton.billing.models import PaymentProfile

        for profile in PaymentProfile.objects.filter(provider="test").order_by("pk"):
            if self.chance.random() < 0.1:
                profile.token = "good" if profile.token == "decline" else "decline"
                profile.save(update_fields=["token"])

    def close_year(self, year: int) -> None:
        """Nothing is dated into the last year any more; the books prove themselves first."""
        from kanton.billing.books.actions import close_period

        before = self.counted["years closed"]
        for _turn in range(5):
            if self.counted["years closed"] == before:
                self.do("years closed", lambda: close_period(self.sam, None, through=date(year, 12, 31)))

    # ── What must be true

    def prove(self, today: date) -> None:
        """Every proof of the night, and what no single proof can see."""
        from kanton.billing import proof

        self.counted["proofs"] += 1
        for problem in [*proof.problems(), *self.oddities()]:
            self.problems.append(f"{today}: {problem}")

    def oddities(self) -> Iterator[str]:
        """Terms without gaps, each once; what was guaranteed runs; what was paid is set up; nothing hangs."""
        from django.db.models import Count, F, Q

        from kanton.billing.bank.models import BankItem
        from kanton.billing.models import OrderLine, Payment
        from kanton.billing.renewals.models import Renewal
        from kanton.core import clock
        from kanton.core.jobs.models import Job
        from kanton.products.models import Service

        last: dict[int, date] = {}
        granted = Renewal.objects.exclude(state="cancelled").filter(granted_at__isnull=False)
        for number, starts_on, ends_on in granted.order_by("service_id", "starts_on").values_list(
            "service_id", "starts_on", "ends_on"
        ):
            if last.get(number, starts_on) != starts_on:
                yield f"service {number} has terms until {last[number]} and from {starts_on}"
            last[number] = ends_on
        for service in Service.objects.filter(pk__in=list(last)):
            if service.ends_on != last[service.pk]:
                yield f"service {service.pk} ends on {service.ends_on}, but is paid until {last[service.pk]}"
        owing = Renewal.objects.filter(origin="guarantee", state="open").values("service")
        yesterday = clock.today() - timedelta(days=1)
        lost = Service.objects.filter(is_guaranteed=True, wanted="active", ends_on__lt=yesterday)
        for service in lost.exclude(pk__in=owing):
            yield f"service {service.pk} is guaranteed and ended on {service.ends_on}"
        paid = Q(order__state__in=["paid", "being_set_up", "active"])
        keys = {line.service_key for line in OrderLine.objects.filter(paid)}
        made = Counter(Service.objects.values_list("order_line", flat=True))
        yield from (f"{key} is paid and was never set up" for key in sorted(keys - set(made)))
        yield from (f"{key} was set up {count} times" for key, count in made.items() if count > 1)
        stale = Payment.objects.filter(state="pending", expires_at__lt=clock.now() - timedelta(days=1))
        yield from (f"payment {pk} hangs" for pk in stale.values_list("pk", flat=True))
        yield from (f"job {job.short_name} failed" for job in Job.objects.filter(state="failed"))
        new = BankItem.objects.filter(state="new", bank_entry__booked_on__lt=yesterday).count()
        if new:
            yield f"{new} payments of the bank were never looked at"
        double = Renewal.objects.exclude(state="cancelled").values("service", "starts_on")
        for each in double.annotate(count=Count("pk")).filter(count__gt=1):
            yield f"service {each['service']} was billed twice for {each['starts_on']}"
        for pk in Renewal.objects.filter(state="paid", invoice__status="open").values_list("pk", flat=True):
            yield f"renewal {pk} is paid, its invoice is not"
        charged = Payment.objects.filter(state="succeeded", invoice__isnull=False)
        for pk in charged.exclude(invoice__total_minor=F("minor") + F("prepaid_minor")).values_list(
            "pk", flat=True
        ):
            yield f"payment {pk} paid another amount than its invoice"


LINKS: dict[int, str] = {}


@contextmanager
def at(day: date, hour: int) -> Iterator[None]:
    """Inside the block it is this hour of this day, where the operator is."""
    from kanton.core import clock

    moment = datetime.combine(day, time(hour), clock.operator_zone()).astimezone(UTC)
    with clock.travel(moment):
        yield


def prepare() -> None:
    """An empty house with one product, whose links of cancellations we read over the customers' shoulders."""
    import django

    django.setup()
    from django.conf import settings

    from kanton.billing import emails
    from kanton.billing.cancellation import emails as links
    from kanton.billing.tests.conftest import Kites
    from kanton.core import schema
    from kanton.products.contract import register

    settings.PASSWORD_HASHERS = ["kanton.testing_passwords.QuickArgon2"]
    schema.create_all()
    register(Kites())
    links.please_confirm = lambda made, person, secret: LINKS.update({made.pk: secret})
    setattr(emails, "send_mail", lambda *_values, **_more: None)  # noqa: B010 - the post office is another house


def main(organizations: int, years: float, seed: int, customer_days: int = 20) -> dict[str, Any]:
    """Let them live, and tell what happened and what did not add up."""
    prepare()
    from kanton.billing.models import Invoice
    from kanton.billing.promotions.actions import issue_code

    days = int(years * 365.25)
    with at(FIRST_DAY, 1):
        life = Life(organizations, seed, customer_days)
        for name, percentage, more in (
            ("WELCOME", 33, {}), ("ONCEONLY", 100, {"most_uses": 1}), ("STAY2027", 15, {"is_for_renewals": True}),
        ):  # fmt: skip
            issue_code(life.sam, None, code=name, product="kites", percentage=Decimal(percentage), **more)
    pause = max(7, days // 150)
    for number in range(days):
        today = FIRST_DAY + timedelta(days=number)
        life.day(today)
        if number % pause == pause - 1 or number == days - 1:
            with at(today + timedelta(days=1), 3):
                life.prove(today)
        if life.problems:
            break
    with at(today + timedelta(days=1), 3):
        numbers = Counter(Invoice.objects.values_list("kind", "status"))
        return {
            "problems": life.problems,
            "until": today.isoformat(),
            "counted": dict(sorted(life.counted.items())),
            "refused": dict(sorted(life.refused.items())),
            "documents": {f"{kind} {status}": count for (kind, status), count in sorted(numbers.items())},
        }


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), float(sys.argv[2]), *map(int, sys.argv[3:])), indent=1))
