"""Sixty requests a minute for each token, three hundred for each person over all tokens and applications (API-7,
API-25)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from kanton.config import config
from kanton.core.api.errors import ApiError
from kanton.core.throttle import Rule, Verdict, throttle_all

MINUTE: Final = timedelta(minutes=1)
PERSON_FACTOR: Final = 5
# A counter keeps the instant of each call; an operator's higher limit is therefore counted over a shorter window.
MOST_IN_MINUTE: Final = 300
MOST_IN_WINDOW: Final = 120


def rule(key: str, per_minute: int) -> Rule:
    """At most so many a minute; for large numbers, the same rate over less time."""
    parts = 1 if per_minute <= MOST_IN_MINUTE else -(-per_minute // MOST_IN_WINDOW)
    return Rule(key, -(-per_minute // parts), MINUTE / parts)


def admit(token: str, person_id: int, ways: int) -> Verdict:
    """Count this request. The person's limit can bind only with more tokens and applications than it has places for."""
    per_minute = config.api.requests_per_minute
    rules = [rule(f"api:token:{token}", per_minute)]
    if ways > PERSON_FACTOR:
        rules.append(rule(f"api:person:{person_id}", per_minute * PERSON_FACTOR))
    return throttle_all(rules)


def admit_address(address: str) -> Verdict:
    """Count a request without a token, or with a wrong one."""
    return throttle_all([rule(f"api:address:{address}", config.api.anonymous_per_minute)])


def headers_of(verdict: Verdict) -> list[tuple[str, str]]:
    """Limit, remaining and seconds until a place becomes free, for every answer."""
    return [
        ("X-RateLimit-Limit", str(verdict.limit)),
        ("X-RateLimit-Remaining", str(verdict.remaining)),
        ("X-RateLimit-Reset", str(max(0, int(verdict.reset_in + 0.999)))),
    ]


def refusal(verdict: Verdict) -> ApiError:
    """429, with the seconds to wait."""
    seconds = str(max(1, int(verdict.reset_in + 0.999)))
    return ApiError(
        429,
        "too_many_requests",
        f"Too many requests: {verdict.limit} are admitted in this time. Try again in {seconds} seconds.",
        context={"limit": str(verdict.limit), "seconds": seconds},
        headers={"Retry-After": seconds},
    )
