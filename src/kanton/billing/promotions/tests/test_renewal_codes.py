"""Promo codes on renewals: only those that were issued for them (BIL-35)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.test import Client

from kanton.accounts.models import Person
from kanton.billing import proof
from kanton.billing.actions import cancel_payment, pay_invoice
from kanton.billing.models import Invoice
from kanton.billing.promotions.actions import issue_code, use_code_on_renewal
from kanton.billing.promotions.errors import (
    CodeForOther,
    CodeInCart,
    CodeUnknown,
    CodeUsed,
    LineHasCode,
    NotForRenewals,
    OnlyOnRenewals,
)
from kanton.billing.promotions.models import CodeUse
from kanton.billing.renewals.actions import renew_services, withdraw_renewal
from kanton.billing.renewals.errors import RenewalInPayment
from kanton.billing.renewals.plan import Choice
from kanton.billing.renewals.tests.conftest import MakeService, at, fill, kite, make_service
from kanton.billing.tests.conftest import order_kites
from kanton.catalog.models import Plan
from kanton.core.actor import Actor
from kanton.core.money import Money
from kanton.organizations.models import Organization

__all__ = ["kite", "make_service"]
pytestmark = pytest.mark.django_db
DAY = date(2027, 2, 10)


def code(staff: Actor, name: str, percentage: int = 50, **more: object) -> None:
    values: dict[str, object] = {"product": "kites", "is_for_renewals": True} | more
    issue_code(staff, None, code=name, percentage=Decimal(percentage), **values)  # type: ignore[arg-type]


@pytest.mark.spec("BIL-35")
def test_a_code_takes_off_a_renewal_only_if_it_was_issued_for_renewals(
    staff: Actor, owner: Actor, acme: Organization, kite: Plan, make_service: MakeService
) -> None:
    red, blue = make_service("red", is_guaranteed=True), make_service("blue")
    with at(DAY):
        code(staff, "NEWONLY", is_for_renewals=False)
        code(staff, "STAY50", most_uses=1)
        code(staff, "STAY10", 10)
        code(staff, "MAILSTAY", product="mail")
        bill = renew_services(owner, acme, lines={red.pk: Choice(12), blue.pk: Choice(12)})
        # Two kites for CHF 50, a guarantee for 12 times CHF 2.
        assert str(bill.net) == "CHF 124.00"
        for name, error in (
            ("NEWONLY", NotForRenewals),
            ("NOTHING1", CodeUnknown),
            ("MAILSTAY", CodeForOther),
        ):
            with pytest.raises(error):
                use_code_on_renewal(owner, bill, code=name)
        payment = pay_invoice(owner, bill, method="test")
        with pytest.raises(RenewalInPayment):
            use_code_on_renewal(owner, bill, code="STAY50")
        cancel_payment(owner, payment)
        bill.refresh_from_db()
        assert str(bill.net) == "CHF 124.00" and not CodeUse.objects.exists()

        use_code_on_renewal(owner, bill, code=" stay50 ")
        with pytest.raises((CodeInCart, CodeUsed)):
            use_code_on_renewal(owner, bill, code="STAY50")
        use_code_on_renewal(owner, bill, code="STAY10")
        code(staff, "THIRD1")
        with pytest.raises(LineHasCode):
            use_code_on_renewal(owner, bill, code="THIRD1")
        bill.refresh_from_db()
        # The guarantee's fee keeps its price; VAT is computed on the rounded lines.
        assert [(line.net_minor, line.discounts) for line in bill.lines.order_by("position")] == [
            (25_00, [{"label": "STAY50", "minor": 2500}]),
            (24_00, []),
            (45_00, [{"label": "STAY10", "minor": 500}]),
        ]
        assert (str(bill.net), str(bill.total)) == ("CHF 94.00", "CHF 101.61")
        assert sorted(bill.renewals.values_list("net_minor", flat=True)) == [25_00, 45_00]

        # Withdrawn, the code is free again; on an order's bill it is not for use at all.
        withdraw_renewal(owner, bill)
        assert not CodeUse.objects.filter(released_at=None).exists()
        with pytest.raises(OnlyOnRenewals):
            use_code_on_renewal(owner, order_kites(owner, acme, kite, "new").invoice, code="STAY50")
        again = renew_services(owner, acme, lines={red.pk: Choice(12)})
        use_code_on_renewal(owner, again, code="STAY50")
        fill(acme, "100")
        again.refresh_from_db()
        pay_invoice(owner, again, prepaid_part=again.total)
        red.refresh_from_db()
        again.refresh_from_db()
        assert (str(again.total), again.status, red.ends_on) == ("CHF 52.97", "paid", date(2028, 3, 31))
        assert proof.problems() == []


@pytest.mark.spec("BIL-35", "BIL-42")
def test_a_renewal_that_comes_to_nothing_is_settled_and_the_pages_show_the_code(
    ana: Person, staff: Actor, owner: Actor, acme: Organization, make_service: MakeService
) -> None:
    red, blue = make_service("red"), make_service("blue")
    client = Client()
    client.force_login(ana)
    with at(DAY):
        code(staff, "THANKS", 100)
        code(staff, "STAY10", 10)
        bill = renew_services(owner, acme, lines={blue.pk: Choice(12)})
        page = f"/o/acme/invoices/{bill.pk}/pay"
        assert "issued for renewals" in client.get(page).content.decode()
        client.post(f"/o/acme/invoices/{bill.pk}/code", {"code": "NOTHING1"})
        assert "not valid" in client.get(page).content.decode()
        client.post(f"/o/acme/invoices/{bill.pk}/code", {"code": "STAY10"})
        text = client.get(page).content.decode().replace("\xa0", " ")
        assert "STAY10 −CHF 5.00" in text and "Pay CHF 48.65" in text
        gift = renew_services(owner, acme, lines={red.pk: Choice(12)})
        use_code_on_renewal(owner, gift, code="THANKS")
        gift = Invoice.objects.get(pk=gift.pk)
        red.refresh_from_db()
        assert (gift.status, gift.total, bool(gift.number)) == ("paid", Money.zero("CHF"), True)
        assert red.ends_on == date(2028, 3, 31) and proof.problems() == []
