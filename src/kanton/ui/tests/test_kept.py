"""What is kept between requests, and what is found out not to be keepable."""

from collections.abc import Callable

import pytest

from kanton.ui import kept
from kanton.ui.kept import Guard, Kept, NotKept, Placing, masked, number_stand_in, stand_in


def values(kind: str, number: int, css: str) -> str:
    return {"name": "Acme", "slug": "acme", "pk": "17", "nameavatar": f"<i {css}>"}[kind]


def test_values_are_put_where_the_stand_ins_were() -> None:
    name = stand_in("name")
    html = f'<a href="/o/{stand_in("slug")}/x?n={number_stand_in()}">{name}</a>{name.avatar("is-small")}'
    piece = Kept(html)
    assert piece.is_whole
    assert piece.filled(values) == '<a href="/o/acme/x?n=17">Acme</a><i is-small>'
    assert Kept("nothing").filled(values) == "nothing"


def test_a_stand_in_that_a_filter_changed_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_kept", {})
    for changed in (stand_in("name").upper(), stand_in("name")[:30]):
        assert not Kept(f"<b>{changed}</b>").is_whole
    assert kept.kept("a", lambda: stand_in("name").upper()) is None
    assert kept.kept("b", lambda: None) is None
    drawn: list[str] = []
    for _ in range(3):
        kept.kept("c", lambda: drawn.append("once") or "text")  # type: ignore[func-returns-value]
    assert drawn == ["once"]


def test_a_guard_gives_what_is_known_and_notes_everything_else() -> None:
    noted: list[str] = []
    guard = Guard(noted, "mail", slug="acme")
    assert guard.slug == guard["slug"] == "acme" and noted == []
    asked: list[Callable[[], object]] = [
        lambda: guard.name,
        lambda: guard["name"],
        lambda: str(guard),
        lambda: bool(guard),
        lambda: list(guard),
        lambda: len(guard),
        lambda: guard == 1,
        lambda: 1 in guard,
    ]
    for ask in asked:
        noted.clear()
        with pytest.raises(NotKept):
            ask()
        assert noted == ["mail"]


def test_what_a_page_hands_over_is_a_key_or_guarded() -> None:
    place, noted = Placing("acme"), [""]
    here, given = masked(
        {"url": "/o/acme/shop", "n": 1, "many": [("a", True)], "thing": object()}, place, noted
    )
    there, _ = masked(
        {"url": "/o/zoe/shop", "n": 1, "many": [("a", True)], "thing": None}, Placing("zoe"), noted
    )
    assert given["url"] == f"/o/{stand_in('slug')}/shop" and given["many"] == [("a", True)]
    assert isinstance(given["thing"], Guard)
    assert here[:3] == there[:3]  # type: ignore[index]
    for other in ({"n": 2}, {"n": True}, {"n": "1"}, {"n": None}):
        assert masked({"n": 1}, place, noted)[0] != masked(other, place, noted)[0]
