"""Many rows at once hold what was given, whatever characters it has, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kanton.core.bulk import Many, insert_rows, load, reserve_ids, update_rows
from kanton.core.jobs.models import Job

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)
NASTY = [
    "plain", "", "NULL", "\\N", "\\.", "a\tb", "two\nlines", "carriage\rreturn", "back\\slash", 'a "quote"', "it's",
    "{curly,braces}", "Röstigraben “Straße”", "\x0b\x1f\u2028\u00a0", " spaces ", "%s %(name)s", "\\t",
]  # fmt: skip
SAME = {
    "queue": "default", "priority": 0, "unique_key": None, "state": "done", "run_at": AT, "lease_until": None,
    "worker": "", "attempts": 0, "failures": 0, "reason": "tab\tand \\", "actor": "", "organization_id": None,
    "created_at": AT, "started_at": None, "finished_at": AT, "kwargs": {"same": 'a "b" \\ c'},
}  # fmt: skip


def written() -> list[int]:
    numbers = list(reserve_ids(Job, len(NASTY)))
    rows = [(pk, "bulk", text, [text, pk], None) for pk, text in zip(numbers, NASTY, strict=True)]
    assert insert_rows(Job, ["id", "task", "error", "args", "result"], rows, same=SAME) == len(NASTY)
    return numbers


def test_rows_hold_what_was_given() -> None:
    numbers = written()
    jobs = list(Job.objects.filter(task="bulk").order_by("pk"))
    assert [job.pk for job in jobs] == numbers
    assert [job.error for job in jobs] == NASTY
    assert [job.args for job in jobs] == [[text, pk] for pk, text in zip(numbers, NASTY, strict=True)]
    for job in jobs:
        assert {name: getattr(job, name) for name in SAME} == SAME
        assert job.result is None


def test_no_rows_are_no_rows() -> None:
    assert insert_rows(Job, ["task"], [], same=SAME) == 0
    update_rows(Job, ["error"], [])
    assert list(reserve_ids(Job, 0)) == []
    assert not Job.objects.exists()


def test_changed_rows_hold_what_was_given_and_others_stay() -> None:
    numbers = written()
    changed = dict(zip(numbers[:-1], reversed(NASTY), strict=False))
    later = {"reason": 'a "b" \\ c', "finished_at": None, "result": {"is": ["a", 1]}, "failures": 3}
    update_rows(
        Job,
        ["error", "attempts", "started_at"],
        [(pk, text, pk, AT if pk % 2 else None) for pk, text in changed.items()],
        same=later,
    )
    for job in Job.objects.filter(pk__among=list(changed)):
        assert (job.error, job.attempts) == (changed[job.pk], job.pk)
        assert job.started_at == (AT if job.pk % 2 else None)
        assert {name: getattr(job, name) for name in later} == later
    last = Job.objects.get(pk=numbers[-1])
    assert (last.error, last.reason, last.failures) == (NASTY[-1], SAME["reason"], 0)


def test_among_finds_numbers_and_texts_and_asks_nothing_for_none() -> None:
    numbers = written()
    assert set(Job.objects.filter(pk__among=[*numbers[:3], 10**12]).values_list("pk", flat=True)) == set(
        numbers[:3]
    )
    wanted = {'a "quote"', "back\\slash", "{curly,braces}", "it's", "NULL"}
    assert set(Job.objects.filter(error__among=wanted).values_list("error", flat=True)) == wanted
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert not Job.objects.filter(pk__among=[]).exists()
    assert len(asked) == 0


def test_many_asks_for_the_same_values_again() -> None:
    numbers = written()
    wanted = Many(numbers[:2])
    for _twice in range(2):
        assert (
            list(Job.objects.filter(pk__among=wanted).order_by("pk").values_list("pk", flat=True))
            == numbers[:2]
        )


def test_loaded_rows_are_those_of_the_models() -> None:
    written()
    jobs = Job.objects.filter(task="bulk").order_by("pk")
    loaded = load(jobs.defer("reason"))
    assert loaded == list(jobs)
    assert "reason" in loaded[0].get_deferred_fields()
    assert loaded[0].reason == SAME["reason"]
    for made, there in zip(loaded, jobs, strict=True):
        assert (made.args, made.run_at, made.error) == (there.args, there.run_at, there.error)
    loaded[0].worker = "somebody"
    loaded[0].save(update_fields=["worker"])
    assert Job.objects.get(pk=loaded[0].pk).worker == "somebody"


def test_a_column_may_mix_kinds_and_repeat_one_value() -> None:
    first, second, third = reserve_ids(Job, 3)
    rows = [(first, "bulk", None, AT), (second, "bulk", 7, None), (third, "bulk", None, AT)]
    same = {name: value for name, value in SAME.items() if name not in ("organization_id", "finished_at")}
    insert_rows(
        Job, ["id", "task", "organization_id", "finished_at"], rows,
        same=same | {"error": "", "args": [], "result": None},
    )  # fmt: skip
    found = Job.objects.filter(task="bulk").order_by("pk")
    assert list(found.values_list("pk", "task", "organization_id", "finished_at")) == rows
