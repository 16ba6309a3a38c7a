"""Money, dates, sizes and ages in five languages."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from kanton.core.activity import in_words
from kanton.core.money import Money
from kanton.ui import brand, formats, plots

NOW = dt.datetime(2027, 3, 9, 12, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("en", "CHF 1'234.50"),
        ("de", "CHF 1'234.50"),
        ("it", "CHF 1'234.50"),
        ("fr", "1 234,50 CHF"),
        ("es", "1.234,50 CHF"),
    ],
)
def test_money_is_written_as_the_language_does(language: str, written: str) -> None:
    with translation.override(language):
        made = formats.money(Money.of("1234.50", "CHF")).replace("\xa0", " ").replace("\u202f", " ")
    assert made == written


@pytest.mark.parametrize(
    ("language", "day", "amount"),
    [
        ("en", "30 Nov 2026", "CHF 1'234.50"),
        ("de", "30.11.2026", "CHF 1'234.50"),
        ("es", "30 nov 2026", "1.234,50 CHF"),
    ],
)
def test_a_sentence_of_the_activity_writes_days_and_amounts_as_the_language_does(
    language: str, day: str, amount: str
) -> None:
    with translation.override(language):
        said = in_words(
            {"day": "2026-11-30", "total": "CHF 1234.50", "name": "CHF", "days": ["2026-11-30", "x"]}
        )
    assert said == {"day": day, "total": amount, "name": "CHF", "days": f"{day}, x"}


@pytest.mark.parametrize("fact", ["2026-13-40", "2026-02-30"])
def test_what_only_looks_like_a_day_is_said_as_it_is(fact: str) -> None:
    assert formats.spoken(fact) == fact


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0, "0 s"), (12, "12 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h"), (90000, "1 d")],
)
def test_ages_are_short(seconds: int, written: str) -> None:
    assert formats.age(seconds) == written


@pytest.mark.parametrize(
    ("delta", "written"),
    [
        (dt.timedelta(days=12), "in 12 days"),
        (dt.timedelta(days=-1), "1 day ago"),
        (dt.timedelta(minutes=-3), "3 minutes ago"),
        (dt.timedelta(seconds=2), "just now"),
        (dt.timedelta(days=400), "in 13 months"),
        (dt.timedelta(days=1500), "in 4 years"),
    ],
)
def test_the_distance_of_an_instant_is_said_in_words(delta: dt.timedelta, written: str) -> None:
    assert formats.relative(NOW + delta, now=NOW) == written


@pytest.mark.parametrize(
    ("days", "written"), [(0, "today"), (1, "tomorrow"), (-1, "yesterday"), (12, "in 12 days")]
)
def test_near_days_have_names(days: int, written: str) -> None:
    assert formats.relative((NOW + dt.timedelta(days=days)).date(), now=NOW) == written


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        (None, "unlimited"),
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KB"),
        (1536, "1.5 KB"),
        (3 * 1024**3, "3 GB"),
    ],
)
def test_sizes_take_binary_steps(amount: int | None, written: str) -> None:
    assert formats.size(amount).replace("\xa0", " ") == written


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ana Keller", "AK"),
        ("ana@acme.ch", "A"),
        ("Acme", "AC"),
        ("", "?"),
        ("Jean-Luc de la Tour", "JT"),
        ("é", "É"),
    ],
)
def test_initials(name: str, letters: str) -> None:
    assert formats.initials(name) == letters


@given(st.from_regex(brand.HEX, fullmatch=True))
def test_every_brand_colour_becomes_readable(colour: str) -> None:
    palette = brand.Palette.of(colour)
    assert brand.contrast(palette.light, brand.LIGHT_PAPER) >= 4.5
    assert brand.contrast(palette.dark, brand.DARK_PAPER) >= 4.5
    assert brand.contrast(palette.light, palette.on_light) >= 4.5
    assert brand.contrast(palette.dark, palette.on_dark) >= 4.5


@pytest.mark.parametrize("colour", ["", "red", "12345", "1234567", "gggggg", "url(x)"])
def test_what_is_no_colour_is_refused(colour: str) -> None:
    with pytest.raises(ValueError, match="not a colour"):
        brand.Palette.of(colour)


@given(st.floats(min_value=0, max_value=1e12, allow_nan=False))
def test_the_scale_of_a_plot_reaches_the_highest_value(highest: float) -> None:
    steps = plots.ticks(highest)
    assert steps[0] == 0 and steps[-1] >= highest * 0.999999 and 2 <= len(steps) <= 8


def test_a_plot_has_a_table_behind_it() -> None:
    shown = plots.line([("January", 3), ("February", 5.5)], title="Storage", unit="GB", limit=10)
    assert "<table" in shown and "January" in shown and "5.5 GB" in shown
    assert plots.bar([], title="Nothing yet")
