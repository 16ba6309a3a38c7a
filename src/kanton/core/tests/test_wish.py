"""A wish is done only when the engine confirmed that very wish."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from kanton.core import clock
from kanton.core.wish import WishState
from kanton.organizations.models import Organization
from kanton.products.models import Service


@pytest.fixture
def wish(acme: Organization) -> Service:
    """A service is a wish like every other."""
    return Service.objects.create(
        organization=acme, product="test", plan="basic", name="acme.example", starts_on=date(2026, 1, 1),
        order_line="wish",
    )  # fmt: skip


def kept(wish: Service) -> Service:
    """The row as it is in the database."""
    return Service.objects.get(pk=wish.pk)


def test_a_new_wish_is_pending_and_ages(wish: Service) -> None:
    assert (wish.wish_state, wish.is_proved, wish.wish_version) == (WishState.PENDING, False, 1)
    with clock.travel(clock.now() + timedelta(seconds=12)):
        assert wish.wish_age_seconds in (12, 13)


def test_the_proof_settles_it_and_stops_the_age(wish: Service) -> None:
    with clock.travel(clock.now() + timedelta(seconds=5)):
        assert wish.proved(1)
    assert kept(wish).is_proved and kept(wish).proved_at is not None
    with clock.travel(clock.now() + timedelta(hours=1)):
        assert kept(wish).wish_age_seconds in (5, 6)


def test_the_proof_of_an_older_wish_proves_nothing(wish: Service) -> None:
    seen_by_the_job = kept(wish)
    wish.wished("The customer changed it again")
    wish.save()
    assert not seen_by_the_job.proved(1)
    assert not seen_by_the_job.failed(1, "old trouble", "nothing")
    assert not seen_by_the_job.waits(1, "old wait")
    now = kept(wish)
    assert (now.wish_state, now.wish_version, now.wish_reason) == (
        WishState.PENDING,
        2,
        "The customer changed it again",
    )
    assert wish.proved(2) and kept(wish).is_proved


def test_a_failure_says_what_to_do_and_a_new_wish_forgets_it(wish: Service) -> None:
    assert wish.failed(1, "The registry refused.", "Correct the holder.")
    assert kept(wish).wish_as_json() == {
        "state": "failed",
        "reason": "The registry refused.",
        "remedy": "Correct the holder.",
        "since": clock.timestamp(wish.wished_at),
        "proved_at": None,
    }
    wish.wished()
    wish.save()
    assert (kept(wish).wish_state, kept(wish).wish_reason, kept(wish).wish_remedy) == ("pending", "", "")


def test_waiting_keeps_the_wish_and_its_age(wish: Service) -> None:
    since = wish.wished_at
    assert wish.waits(1, "Waiting for the name server")
    assert (kept(wish).wish_reason, kept(wish).wished_at) == ("Waiting for the name server", since)


def test_settling_touches_nothing_else(wish: Service) -> None:
    stale = kept(wish)
    Service.objects.filter(pk=wish.pk).update(name="renamed.example")
    assert stale.proved(1)
    assert kept(wish).name == "renamed.example"


def test_a_long_reason_is_cut_not_refused(wish: Service) -> None:
    assert wish.failed(1, "x" * 1000, "y" * 1000)
    assert (len(kept(wish).wish_reason), len(kept(wish).wish_remedy)) == (300, 300)


def test_a_proof_in_the_past_of_the_clock_never_gives_a_negative_age(wish: Service) -> None:
    with clock.travel(wish.wished_at - timedelta(minutes=5)):
        wish.proved(1)
    assert kept(wish).wish_age_seconds == 0
