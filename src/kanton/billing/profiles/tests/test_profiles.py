"""Payment profiles: kept without card numbers, one of them the default."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from kanton.accounts.models import Person
from kanton.billing.models import PaymentProfile
from kanton.billing.profiles.actions import (
    begin_profile,
    finish_profile,
    keep_prepaid_profile,
    make_default,
    remove_profile,
)
from kanton.billing.profiles.errors import CannotSave, ProfileInUse
from kanton.billing.profiles.tasks import look_for_expiry
from kanton.core import clock
from kanton.core.actor import Actor
from kanton.core.outbox.testing import Outbox
from kanton.organizations.models import Organization
from kanton.products.models import Service

pytestmark = pytest.mark.django_db


def card(owner: Actor, acme: Organization) -> PaymentProfile:
    return finish_profile(owner, begin_profile(owner, acme, method="test"))


def defaults(acme: Organization) -> list[int]:
    return list(
        PaymentProfile.objects.filter(organization=acme, is_default=True).values_list("pk", flat=True)
    )


@pytest.mark.spec("BIL-45", "BIL-46", "BIL-49")
def test_cards_and_the_prepaid_account_are_kept_and_exactly_one_is_the_default(
    owner: Actor, acme: Organization
) -> None:
    begun = begin_profile(owner, acme, method="test")
    first = finish_profile(owner, begun)
    assert finish_profile(owner, begun) == first  # coming back twice keeps one
    assert keep_prepaid_profile(owner, acme) == keep_prepaid_profile(owner, acme)
    assert PaymentProfile.objects.count() == 2 and defaults(acme) == [first.pk]
    prepaid = PaymentProfile.objects.get(provider="prepaid")
    make_default(owner, prepaid)
    assert defaults(acme) == [prepaid.pk]
    with pytest.raises(IntegrityError), transaction.atomic():
        PaymentProfile.objects.update(is_default=True)
    remove_profile(owner, prepaid)
    assert defaults(acme) == [first.pk]
    with pytest.raises(CannotSave):
        begin_profile(owner, acme, method="stripe")  # not offered without its secrets


@pytest.mark.spec("BIL-48")
def test_a_card_is_kept_by_token_brand_last_digits_and_month_and_the_token_is_encrypted(
    owner: Actor, acme: Organization
) -> None:
    profile = card(owner, acme)
    assert (profile.brand, profile.last_digits, profile.label) == ("Test card", "4242", "Test card ···· 4242")
    with connection.cursor() as cursor:
        cursor.execute("SELECT token FROM billing_paymentprofile")
        (stored,) = cursor.fetchone()
    assert profile.token.startswith("test_") and profile.token not in stored
    assert {field.name for field in PaymentProfile._meta.get_fields() if not field.auto_created} >= {"token"}
    assert not any(
        "number" in field.name or "cvc" in field.name for field in PaymentProfile._meta.get_fields()
    )


@pytest.mark.spec("BIL-48")
def test_one_mail_goes_out_about_a_card_that_expires_within_thirty_days(
    owner: Actor, acme: Organization, outbox: Outbox
) -> None:
    profile = card(owner, acme)
    assert profile.expires_on
    for days, mails in ((31, 0), (30, 1), (29, 1), (0, 1)):
        day = dt.datetime.combine(profile.expires_on, dt.time(12), dt.UTC) - dt.timedelta(days=days)
        with clock.travel(day):
            look_for_expiry.call()
        assert len([mail for mail in outbox if "expires on" in mail.subject]) == mails
    begun = begin_profile(owner, acme, method="test", replaces=profile)
    assert finish_profile(owner, begun) == profile and PaymentProfile.objects.count() == 1


@pytest.mark.spec("BIL-49")
def test_the_profile_of_automatic_renewals_stays_until_another_is_chosen(
    owner: Actor, acme: Organization
) -> None:
    first, second = card(owner, acme), card(owner, acme)
    Service.objects.create(
        organization=acme, product="kites", plan="kite", name="red.kite", order_line="x",
        starts_on=dt.date(2026, 1, 1), renews_automatically=True,
    )  # fmt: skip
    with pytest.raises(ProfileInUse) as refused:
        remove_profile(owner, first)
    assert "red.kite" in refused.value.sentence
    assert PaymentProfile.objects.count() == 2
    make_default(owner, second)
    remove_profile(owner, first)
    assert defaults(acme) == [second.pk]


@pytest.mark.spec("BIL-47")
def test_payment_preferences_are_changed_on_their_page(
    client: Client, ana: Person, acme: Organization, ben: Person
) -> None:
    client.force_login(ana)
    page = "/o/acme/payment-profiles"
    assert "No payment profile yet" in client.get(page).content.decode()
    answer = client.post(f"{page}/add", {"method": "test"})
    assert answer.status_code == 303 and "/payment-profiles/added/" in answer["Location"]
    client.get(answer["Location"].partition("localhost")[2].partition("/")[2].join(["/", ""]))
    client.post(f"{page}/add", {"method": "prepaid"})
    shown = client.get(page).content.decode()
    assert "···· 4242" in shown and "Prepaid account" in shown
    card_profile, prepaid = PaymentProfile.objects.order_by("pk")
    client.post(f"{page}/{prepaid.pk}/default")
    client.post(f"{page}/{card_profile.pk}/remove")
    assert defaults(acme) == [prepaid.pk] and PaymentProfile.objects.count() == 1
    client.force_login(ben)
    assert client.get(page).status_code == 403
