"""Money, dates, sizes and ages as the reader's language writes them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal

from babel import Locale, UnknownLocaleError
from babel import dates as babel_dates
from babel import numbers as babel_numbers
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

# English and German readers of a Swiss host expect Swiss habits: 1'234.50 and 31.12.2026.
LOCALES = {"en": "en_CH", "de": "de_CH", "fr": "fr_CH", "it": "it_CH", "es": "es_ES"}
Unit = Literal["year", "month", "day", "hour", "minute", "second"]
_UNITS: tuple[tuple[Unit, int, int], ...] = (
    ("second", 60, 1),
    ("minute", 3600, 60),
    ("hour", 86400, 3600),
    ("day", 86400 * 60, 86400),
)
_SIZES = ("B", "KB", "MB", "GB", "TB", "PB")


def locale() -> Locale:
    """The Babel locale of the present language."""
    return _locale(get_language() or "en")


@lru_cache(maxsize=64)
def _locale(language: str) -> Locale:
    try:
        return Locale.parse(LOCALES.get(language, language.replace("-", "_")))
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en")


def money(amount: Any) -> str:
    """`CHF 1'234.50`, or as the language writes it. An empty value gives an empty text."""
    return "" if amount is None else _money(amount.minor, amount.currency, get_language() or "en")


def number(value: Any) -> str:
    """A number with the separators of the language."""
    return "" if value is None else _number(value, get_language() or "en")


# Babel reads a pattern anew for each value; a page of fifty rows asks for the same few again and again.
@lru_cache(maxsize=8192)
def _money(minor: int, currency: str, _language: str) -> str:
    amount = Decimal(minor).scaleb(-2)
    return babel_numbers.format_currency(amount, currency, locale=locale()).replace("’", "'")


@lru_cache(maxsize=8192)
def _number(value: Any, _language: str) -> str:
    return str(babel_numbers.format_decimal(value, locale=locale())).replace("’", "'")


@lru_cache(maxsize=8192)
def _date(day: dt.date, _language: str) -> str:
    return str(babel_dates.format_date(day, "medium", locale=locale()))


@lru_cache(maxsize=4096)
def _distance(seconds: int, unit: Unit, _language: str) -> str:
    return str(
        babel_dates.format_timedelta(
            dt.timedelta(seconds=seconds),
            granularity=unit,
            threshold=1e12,
            add_direction=True,
            locale=locale(),
        )
    )


def spoken(fact: str) -> str:
    """A day (`2026-03-09`) or an amount (`CHF 5.41`) of a record, as it reads within a sentence."""
    currency, _space, amount = fact.partition(" ")
    if amount:
        return _money(int(Decimal(amount) * 100), currency, get_language() or "en").replace("\xa0", " ")
    try:
        return _date(dt.date.fromisoformat(fact), get_language() or "en")
    except ValueError:
        return fact


def size(value: int | None) -> str:
    """Bytes as people read them, binary steps: `1.5 GB`. None means no limit."""
    if value is None:
        return _("unlimited")
    amount, step = float(value), 0
    while abs(amount) >= 1024 and step < len(_SIZES) - 1:
        amount, step = amount / 1024, step + 1
    digits = "0" if step == 0 or amount >= 100 or amount == int(amount) else "0.0"
    return f"{babel_numbers.format_decimal(amount, digits, locale=locale())}\xa0{_SIZES[step]}"


def date(day: dt.date | None) -> str:
    """A day, such as `9 Mar 2026`. Of an instant, its day in the reader's zone."""
    if day is None:
        return ""
    if isinstance(day, dt.datetime):
        day = (timezone.localtime(day) if timezone.is_aware(day) else day).date()
    return _date(day, get_language() or "en")


def month(day: dt.date) -> str:
    """The month of a day, short enough for the axis of a plot: `Mar 26`."""
    return str(babel_dates.format_skeleton("yyMMM", day, locale=locale()))


def datetime(moment: dt.datetime | None) -> str:
    """An instant in the reader's zone to the minute, such as `9 Mar 2026, 15:04`."""
    if moment is None:
        return ""
    if timezone.is_aware(moment):
        moment = timezone.localtime(moment)
    return f"{_date(moment.date(), get_language() or 'en')}, {moment:%H:%M}"


def short(moment: dt.datetime | None) -> str:
    """An instant as a list of messages shows it: `15:04` today, `9 Mar` this year, else the day."""
    if moment is None:
        return ""
    here, now = timezone.localtime(moment), timezone.localtime()
    if here.date() == now.date():
        return str(babel_dates.format_time(here, "HH:mm", locale=locale()))
    if here.year == now.year:
        return str(babel_dates.format_skeleton("MMMd", here, locale=locale()))
    return date(here)


def relative(moment: dt.date | None, *, now: dt.datetime | None = None) -> str:
    """How far away that is: `in 12 days`, `3 minutes ago`, `today`."""
    if moment is None:
        return ""
    here = now or timezone.now()
    if isinstance(moment, dt.datetime):
        delta = moment - here
    else:
        days = (moment - timezone.localdate(here)).days
        if (near := _near(days)) is not None:
            return near
        delta = dt.timedelta(days=days)
    seconds = int(delta.total_seconds())
    unit, length = _unit(abs(seconds))
    if unit == "second" and abs(seconds) < 5:
        return _("just now")
    # Babel rounds to whole units, so all moments within one unit share an entry.
    return _distance(round(seconds / length) * length, unit, get_language() or "en")


def age(seconds: int) -> str:
    """A short age: `12 s`, `4 min`, `3 h`, `2 d`."""
    for limit, step, text in (
        (60, 1, _("%(n)s s")),
        (3600, 60, _("%(n)s min")),
        (86400, 3600, _("%(n)s h")),
    ):
        if seconds < limit:
            return text % {"n": max(0, seconds) // step}
    return _("%(n)s d") % {"n": seconds // 86400}


def age_patterns() -> dict[str, str]:
    """The texts of `age`, for the script that lets ages tick."""
    return {"s": _("%(n)s s"), "min": _("%(n)s min"), "h": _("%(n)s h"), "d": _("%(n)s d")}


def count(n: int, *, more: bool = False) -> str:
    """How many rows there are, in words; `more` when counting stopped early."""
    if more:
        return _("more than %(n)s") % {"n": number(n)}
    return ngettext("%(n)s entry", "%(n)s entries", n) % {"n": number(n)}


def initials(name: str) -> str:
    """One or two letters that stand for a name; of an address its first (ACC-15)."""
    if "@" in name and " " not in name.strip():
        return name.strip().lstrip("@")[:1].upper() or "?"
    words = [word for word in name.replace("@", " ").replace(".", " ").split() if word[0].isalnum()]
    if not words:
        return "?"
    if len(words) == 1:
        return words[0][:2].upper()
    return (words[0][0] + words[-1][0]).upper()


def _near(days: int) -> str | None:
    match days:
        case 0:
            return _("today")
        case 1:
            return _("tomorrow")
        case -1:
            return _("yesterday")
    return None


def _unit(seconds: float) -> tuple[Unit, int]:
    for unit, limit, length in _UNITS:
        if seconds < limit:
            return unit, length
    return ("month", 30 * 86400) if seconds < 86400 * 730 else ("year", 365 * 86400)
