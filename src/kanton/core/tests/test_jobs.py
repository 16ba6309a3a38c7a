"""Jobs in one process: enqueued with the change, coalesced, retried, given up, scheduled, cleaned up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django_tasks import TaskResultStatus
from django_tasks.exceptions import InvalidTaskError, TaskResultDoesNotExist

from kanton.config import overriding
from kanton.core import clock
from kanton.core.jobs import caused_by, enqueue, schedule
from kanton.core.jobs.execution import WORKER_DIED, Outcome, execute, resume
from kanton.core.jobs.models import Job, JobSchedule, JobState, LeaseLost, wait_after
from kanton.core.jobs.tasks import forget_finished_jobs
from kanton.core.jobs.testing import run_jobs, waiting_jobs
from kanton.core.tests import jobs_workload as workload

LEASE = timedelta(seconds=60)
NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh_workload() -> Iterator[None]:
    workload.DONE.clear()
    workload.PROOFS.clear()
    workload.FAILED.clear()
    yield


def claim() -> Job:
    """The next due job, which there must be."""
    job = Job.claim("worker-1", LEASE)
    assert job is not None
    return job


def fresh(job: Job) -> Job:
    """The job as the database has it."""
    return Job.objects.get(pk=job.pk)


def test_a_job_runs_once_and_shows_its_result() -> None:
    result = workload.remember.enqueue("a")
    assert (result.status, workload.DONE) == (TaskResultStatus.READY, [])
    assert run_jobs() == 1
    result.refresh()
    assert (result.status, result.return_value, result.attempts) == (TaskResultStatus.SUCCESSFUL, "a", 1)
    assert (workload.DONE, run_jobs()) == (["a"], 0)


def test_a_job_exists_exactly_if_the_change_does() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        workload.remember.enqueue("never")
        raise ZeroDivisionError
    assert not Job.objects.exists()


def test_arguments_must_be_json() -> None:
    with pytest.raises(InvalidTaskError, match="pass ids"):
        workload.remember.enqueue(object())
    assert not Job.objects.exists()


def test_an_unknown_result_is_told_so() -> None:
    with pytest.raises(TaskResultDoesNotExist):
        workload.remember.get_result("x")


def test_a_second_enqueue_while_the_first_waits_is_the_same_job() -> None:
    first, second, other = (workload.reconcile.enqueue(thing) for thing in (1, 1, 2))
    assert first.id == second.id != other.id
    assert run_jobs() == 2
    assert workload.DONE == [1, 2]
    assert workload.reconcile.enqueue(1).id not in (first.id, other.id)


def test_a_key_of_ones_own_joins_different_calls_and_the_earliest_and_most_urgent_wins() -> None:
    later = clock.now() + timedelta(hours=1)
    first = enqueue(workload.remember, "a", unique_key="k", run_after=later)
    second = enqueue(workload.remember.using(priority=7), "b", unique_key="k")
    assert first.id == second.id
    job = Job.objects.get()
    assert (job.args, job.priority, job.run_at < later) == (["a"], 7, True)


def test_a_very_long_key_still_joins_only_equal_calls() -> None:
    long = "x" * 500
    ids = {enqueue(workload.remember, 1, unique_key=long + end).id for end in ("a", "a", "b")}
    assert len(ids) == 2


def test_two_jobs_of_one_key_never_run_at_the_same_time() -> None:
    workload.reconcile.enqueue(1)
    running = claim()
    workload.reconcile.enqueue(1)
    assert Job.claim("worker-2", LEASE) is None
    execute(running)
    assert claim().args == [1]


def test_the_most_urgent_comes_first_then_the_oldest() -> None:
    workload.remember.enqueue("old")
    workload.remember.enqueue("new")
    workload.remember.using(priority=10).enqueue("urgent")
    workload.remember.using(priority=-10).enqueue("idle")
    run_jobs()
    assert workload.DONE == ["urgent", "old", "new", "idle"]


def test_a_job_for_later_waits_until_then() -> None:
    with clock.travel(NOON):
        workload.remember.using(run_after=NOON + timedelta(hours=2)).enqueue("later")
        assert run_jobs() == 0
        assert Job.next_due_at() == NOON + timedelta(hours=2)
    with clock.travel(NOON + timedelta(hours=2, seconds=1)):
        assert run_jobs() == 1


def test_a_queue_can_be_passed_over() -> None:
    workload.remember.using(queue_name="long").enqueue("export")
    assert Job.claim("w", LEASE, without="long") is None
    assert claim().queue == "long"


def test_what_is_not_proved_yet_comes_back_without_counting_as_a_failure() -> None:
    with clock.travel(NOON):
        workload.prove.enqueue(5)
        for _ in range(20):
            assert run_jobs(even_later=True) == 1
        job = Job.objects.get()
        assert (job.state, job.failures, job.attempts) == (JobState.WAITING, 0, 20)
        assert job.reason == "the name server does not answer it yet"
        assert timedelta(seconds=29) < job.run_at - NOON < timedelta(seconds=35)
        workload.PROOFS[5] = True
        run_jobs(even_later=True)
    job.refresh_from_db()
    assert (job.state, job.reason, workload.DONE) == (JobState.DONE, "", [5])


def test_trouble_is_retried_with_growing_waits_and_then_given_up_with_the_traceback() -> None:
    workload.stumble.enqueue("zone 5")
    waits = []
    for _ in range(3):
        Job.objects.update(run_at=clock.now())
        execute(claim())
        job = Job.objects.get()
        waits.append((job.run_at - clock.now()).total_seconds())
    assert 2 < waits[0] < 5.1 and 5.5 < waits[1] < 10.1
    assert (job.state, job.failures) == (JobState.FAILED, 3)
    assert "in stumble" in job.error
    assert job.last_error_line == "ZeroDivisionError: cannot divide zone 5"
    assert workload.FAILED == [("zone 5", "ZeroDivisionError: cannot divide zone 5")]
    result = workload.stumble.get_result(str(job.pk))
    assert result.status == TaskResultStatus.FAILED and "cannot divide" in result.errors[0].traceback


def test_waits_double_up_to_an_hour() -> None:
    for failures, expected in ((1, 4), (2, 8), (5, 64), (11, 3600), (1000, 3600)):
        for _ in range(20):
            assert 0.75 * expected <= wait_after(failures).total_seconds() <= 1.25 * expected


def test_a_hopeless_job_fails_at_once() -> None:
    workload.hopeless.enqueue("mailbox 3")
    execute(claim())
    job = Job.objects.get()
    assert (job.state, job.error) == (JobState.FAILED, "mailbox 3 is gone")
    assert workload.FAILED == [("mailbox 3", "mailbox 3 is gone")]


def test_a_job_of_a_task_that_no_longer_exists_fails_with_advice() -> None:
    Job.objects.create(task="kanton.core.tests.jobs_workload.gone", failures=2)
    execute(claim())
    job = Job.objects.get()
    assert job.state == JobState.FAILED
    assert "same version" in job.error


def test_a_dotted_path_that_is_not_a_task_is_not_called() -> None:
    Job.objects.create(task="os.getcwd", failures=2)
    execute(claim())
    assert "is not a task" in Job.objects.get().error


def test_a_transactional_job_that_stumbles_leaves_nothing_behind(effect_table: EffectTable) -> None:
    workload.deposit_and_stumble.enqueue(1)
    execute(claim())
    assert effect_table() == []
    workload.deposit.enqueue(2)
    execute(claim())
    assert effect_table() == [2]


def test_a_worker_that_lost_its_lease_changes_nothing(effect_table: EffectTable) -> None:
    workload.deposit.enqueue(1)
    sleeper = claim()
    Job.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    assert resume(fresh(sleeper), "worker-2", LEASE)
    taken = claim()
    assert execute(sleeper) == (Outcome.LOST, None)
    assert effect_table() == []
    assert execute(taken) == (Outcome.DONE, None)
    assert effect_table() == [1]
    with pytest.raises(LeaseLost):
        taken.complete()


def test_a_lease_that_was_renewed_meanwhile_is_not_taken() -> None:
    workload.remember.enqueue("a")
    job = claim()
    Job.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    seen = fresh(job)
    assert job.renew(LEASE)
    assert not resume(seen, "worker-2", LEASE)
    assert execute(job) == (Outcome.DONE, None)


def test_the_first_death_of_a_worker_costs_no_wait_but_counts() -> None:
    workload.remember.enqueue("a")
    job = claim()
    assert resume(fresh(job), "worker-2", LEASE)
    after = Job.objects.get()
    assert (after.state, after.failures, after.error) == (JobState.WAITING, 1, WORKER_DIED)
    assert after.run_at <= clock.now()


def test_a_retry_gives_way_to_a_newer_job_of_its_key() -> None:
    workload.prove.enqueue(5)
    old = claim()
    new = workload.prove.enqueue(5)
    assert execute(old) == (Outcome.AGAIN, None)
    old = fresh(old)
    assert (old.state, old.reason) == (
        JobState.CANCELLED,
        "A newer job for the same thing has taken over.",
    )
    assert [str(job.pk) for job in Job.objects.filter(state=JobState.WAITING)] == [new.id]


def test_a_task_can_see_its_attempt() -> None:
    workload.with_context.enqueue("a")
    job = claim()
    execute(job)
    assert (job.result, workload.DONE) == (1, ["a"])


def test_a_job_says_on_whose_behalf_it_runs() -> None:
    with caused_by("Ana Keller", 7):
        workload.remember.enqueue("a")
    workload.remember.enqueue("b")
    assert list(Job.objects.order_by("pk").values_list("actor", "organization_id")) == [
        ("Ana Keller", 7),
        ("", None),
    ]


def test_staff_can_retry_and_cancel() -> None:
    workload.hopeless.enqueue(1)
    execute(claim())
    job = Job.objects.get()
    assert job.retry()
    assert (fresh(job).state, fresh(job).failures) == (JobState.WAITING, 0)
    assert job.cancel() and not job.cancel()
    assert fresh(job).state == JobState.CANCELLED
    assert job.retry()
    running = claim()
    assert not running.retry() and not running.cancel()


def test_retrying_a_job_whose_twin_waits_hurries_the_twin() -> None:
    workload.prove.enqueue(1)
    old = claim()
    old.fail("broken", None, for_good=True)
    workload.prove.using(run_after=clock.now() + timedelta(hours=1)).enqueue(1)
    assert old.retry()
    assert (fresh(old).state, Job.objects.filter(state=JobState.WAITING).count()) == (JobState.FAILED, 1)
    assert claim().pk != old.pk


def test_old_jobs_are_forgotten_failed_ones_later() -> None:
    for state in JobState:
        for days in (10, 40, 400):
            ended = clock.now() - timedelta(days=days)
            Job.objects.create(
                task="x", state=state, finished_at=ended, run_at=clock.now() + timedelta(days=1)
            )
    with overriding(jobs={"keep_days": 30}):
        assert forget_finished_jobs.call() == 5
    left = Job.objects.exclude(state__in=("waiting", "running")).order_by("state", "pk")
    assert [job.state for job in left] == ["cancelled", "done", "failed", "failed"]


def test_waiting_jobs_are_told_by_name_and_arguments() -> None:
    workload.remember.enqueue("a")
    assert waiting_jobs() == [("core.tests.jobs_workload.remember", ["a"])]


# Schedules.


@pytest.fixture
def only_our_schedules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Just the two of the workload."""
    ours = {name: each for name, each in schedule.SCHEDULES.items() if name.startswith("test-")}
    monkeypatch.setattr(schedule, "SCHEDULES", ours)


@pytest.mark.usefixtures("only_our_schedules")
def test_each_slot_of_a_periodic_task_becomes_one_job() -> None:
    names = []
    for minutes in (0, 1, 4, 5, 6, 10, 10):
        jobs = schedule.enqueue_due(NOON + timedelta(minutes=minutes))
        names.append([job.short_name.rpartition(".")[2] for job in jobs])
        run_jobs()
    assert names == [["often"], [], [], ["often"], [], ["often"], []]
    assert workload.DONE == ["often"] * 3
    assert JobSchedule.objects.get(name="test-often").slot_at == NOON + timedelta(minutes=10)


@pytest.mark.usefixtures("only_our_schedules")
def test_a_slot_whose_job_still_waits_is_not_doubled_and_a_standstill_is_caught_up_once() -> None:
    schedule.enqueue_due(NOON)
    schedule.enqueue_due(NOON + timedelta(hours=5))
    assert Job.objects.filter(task__endswith=".often").count() == 1


@pytest.mark.usefixtures("only_our_schedules")
def test_a_daily_task_first_waits_for_its_hour_in_the_operators_zone() -> None:
    def nights(now: datetime) -> int:
        schedule.enqueue_due(now)
        run_jobs()
        return workload.DONE.count("nightly")

    # Zurich is an hour ahead of UTC in winter.
    assert nights(datetime(2026, 3, 10, 12, 0, tzinfo=UTC)) == 0
    assert nights(datetime(2026, 3, 11, 1, 59, tzinfo=UTC)) == 0
    assert nights(datetime(2026, 3, 11, 2, 0, tzinfo=UTC)) == 1
    assert nights(datetime(2026, 3, 11, 23, 0, tzinfo=UTC)) == 1
    # The clock goes forward on 29 March: three o'clock is 01:00 UTC from then on.
    assert nights(datetime(2026, 3, 29, 0, 59, tzinfo=UTC)) == 2  # a standstill of days: caught up once
    assert nights(datetime(2026, 3, 29, 1, 0, tzinfo=UTC)) == 3


def test_the_next_slot_follows_the_change_of_the_clock() -> None:
    night = schedule.SCHEDULES["test-nightly"]
    moment = datetime(2026, 10, 23, 12, 0, tzinfo=UTC)
    slots = []
    for _ in range(4):
        moment = night.next_slot(moment)
        slots.append((moment.day, moment.hour))
    assert slots == [(24, 1), (25, 2), (26, 2), (27, 2)]


def test_a_schedule_needs_one_of_its_two_forms() -> None:
    with pytest.raises(ValueError, match="either"):
        schedule.periodic("x")
    with pytest.raises(ValueError, match="either"):
        schedule.periodic("x", every=timedelta(1), at="03:00")
    with pytest.raises(ValueError, match="two periodic"):
        schedule.periodic("test-often", every=timedelta(1))(workload.nightly)


class EffectTable:
    """The table that the transactional tasks of the workload write to."""

    def __init__(self) -> None:
        from django.db import connection

        self.connection = connection
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE effect (number integer)")

    def __call__(self) -> list[int]:
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT number FROM effect ORDER BY number")
            return [row[0] for row in cursor.fetchall()]


@pytest.fixture
def effect_table(db: None) -> EffectTable:
    """The table, empty; its creation is rolled back with the test."""
    return EffectTable()
