"""`bin/bench`: measure everything, print the table, draw the plot.

bin/bench                     everything, with 100 and 1,000,000 organizations (about ten minutes)
bin/bench --quick             short turns and at most 10,000 organizations
bin/bench --only web dns      parts: start, memory, mail, dns, renewals, sqlite-renewals, papers, rights,
                              sign-in, throttle, web
"""

import argparse
import datetime as dt
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench import dns, mail, papers, renewals, report, rights, sign_in, throttle, web
from bench.house import ROOT, running, scratch
from bench.report import Row

PARTS = (
    "start",
    "memory",
    "mail",
    "dns",
    "renewals",
    "sqlite-renewals",
    "papers",
    "rights",
    "sign-in",
    "throttle",
    "web",
)


def main() -> int:
    """Measure the parts asked for. Exit code 1 when something could not be measured."""
    parser = argparse.ArgumentParser(prog="bin/bench", description="Measure Kanton. See bench/README.md.")
    parser.add_argument(
        "--quick", action="store_true", help="short turns, fewer organizations; for trying out"
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="only these parts")
    parser.add_argument("--organizations", nargs="+", type=int, help="sizes for web (default 100 1000000)")
    parser.add_argument("--into", type=Path, default=ROOT / "build" / "bench", help="where table and plot go")
    options = parser.parse_args()
    sizes = options.organizations or ([100, 10_000] if options.quick else [100, 1_000_000])
    seconds, turns = (3, 2) if options.quick else (8, 5)
    rows: list[Row] = []
    failed = []
    for part in PARTS:
        if part not in options.only:
            continue
        started = time.monotonic()
        print(f"measuring {part} ...", flush=True)
        try:
            with scratch() as folder:
                rows += MEASURES[part](folder, sizes, seconds, turns)
        except (RuntimeError, AssertionError, subprocess.CalledProcessError, OSError) as problem:
            failed.append(part)
            print(f"  {part} could not be measured: {problem}", flush=True)
        print(f"  {time.monotonic() - started:.0f} s", flush=True)
    where = options.into
    report.write(where, rows, _machine())
    print()
    print(report.table(rows))
    print(f"\n{_machine()}\nTable, values and plot: {where}")
    return 1 if failed else 0


def _machine() -> str:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    load = os.getloadavg()[0]
    return (
        f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores {model}, "
        f"Python {platform.python_version()}, load {load:.1f}"
    )


def start(folder: Path, _sizes: list[int], _seconds: int, turns: int) -> list[Row]:
    """From a fresh clone to a running demo, and again."""
    clone = folder / "clone"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
    home = folder / "home"
    with running(home, command=[str(clone / "bin" / "run")], cwd=clone) as house:
        first = house.seconds
        assert house.endpoints["logins"], "the demo is not there"
    again = []
    for _ in range(max(3, turns)):
        with running(home, command=[str(clone / "bin" / "run")], cwd=clone) as house:
            again.append(house.seconds)
    shutil.rmtree(clone)
    return [
        Row("first start, from a fresh clone", first, "s", aim=90, is_upper=True),
        Row("next start", statistics.median(again), "s", aim=4, is_upper=True, turns=again),
    ]


def memory(folder: Path, _sizes: list[int], _seconds: int, _turns: int) -> list[Row]:
    """All processes of the demo, at rest."""
    with running(folder / "home") as house:
        time.sleep(5)
        found = house.processes()
        assert len(found) >= 6, found
        for name, pss, rss in found.values():
            print(f"    {pss:6.1f} MB of its own and shared, {rss:6.1f} MB mapped  {name}")
    return [
        Row(
            "memory at rest (PSS)",
            sum(pss for _name, pss, _rss in found.values()),
            "MB",
            aim=500,
            is_upper=True,
        ),
        Row(
            "memory at rest (RSS, shared pages counted again)",
            sum(rss for _n, _pss, rss in found.values()),
            "MB",
        ),
    ]


def take_mail(folder: Path, _sizes: list[int], seconds: int, turns: int) -> list[Row]:
    """Mail from other servers into one mailbox."""
    rates, mails = [], 0
    with running(folder / "home") as house:
        for _ in range(turns):
            taken = mail.measure(house, seconds=seconds)
            rates.append(taken.rate)
            mails += taken.mails
    print(f"    {mails} mails counted in the mailbox")
    return [Row("mails accepted", statistics.median(rates), "/s", turns=rates)]


def answer_names(folder: Path, _sizes: list[int], seconds: int, turns: int) -> list[Row]:
    """The name server beside PowerDNS."""
    ours, theirs = dns.compare(folder, seconds=seconds, turns=turns)
    print(f"    {ours.answers} and {theirs.answers} right answers")
    return [
        Row("DNS answers, Kanton", ours.rate, "/s", turns=ours.rates, cpu=statistics.median(ours.cpu_micros)),
        Row(
            "DNS answers, PowerDNS without packet cache",
            theirs.rate,
            "/s",
            turns=theirs.rates,
            cpu=statistics.median(theirs.cpu_micros),
        ),
        Row("DNS, share of PowerDNS", ours.rate / theirs.rate, "×", aim=0.2),
    ]


def let_in(folder: Path, _sizes: list[int], _seconds: int, turns: int) -> list[Row]:
    """A sign-in with password, and how much of it is the password's hash."""
    cost = sign_in.measure(folder, times=10 * turns)
    print(f"    {len(cost.whole)} sign-ins, {cost.queries} queries each")
    return [
        Row("sign-in, processor time", statistics.median(cost.whole), "ms", turns=cost.whole),
        Row("one argon2 verification", statistics.median(cost.hash), "ms", turns=cost.hash),
        Row("sign-in, share of the verification", sign_in.share(cost), "×", aim=0.5),
        Row("sign-in, queries", cost.queries, "", aim=40, is_upper=True),
    ]


def decide(folder: Path, _sizes: list[int], _seconds: int, turns: int) -> list[Row]:
    """Rights of a collaborator with a thousand grants, and the pages of a large organization."""
    cost = rights.measure(folder, turns=max(3, turns))
    middle = statistics.median
    rows = [
        Row("decisions, membership loaded", middle(cost.ours), "/s", aim=500_000, turns=cost.ours),
        Row("decisions, dictionary of bit masks", middle(cost.bare), "/s", turns=cost.bare),
        Row("decisions, share of the dictionary", middle(cost.ours) / middle(cost.bare), "×", aim=0.25),
        Row("decisions, dictionary asked with bare numbers", middle(cost.numbers), "/s", turns=cost.numbers),
        Row("decisions with their reasons read", middle(cost.explained), "/s", turns=cost.explained),
    ]
    for title, (queries, milliseconds) in cost.pages.items():
        rows.append(Row(f"{title}, queries", queries, "", aim=20, is_upper=True))
        rows.append(Row(f"{title}, processor time", milliseconds, "ms"))
    return rows


def count_calls(folder: Path, _sizes: list[int], _seconds: int, turns: int) -> list[Row]:
    """The counter that every call passes."""
    costs = throttle.measure(folder, turns=turns)
    return [
        Row("one count of the throttle", statistics.median(costs), "µs", aim=100, is_upper=True, turns=costs)
    ]


def serve_pages(folder: Path, sizes: list[int], seconds: int, turns: int) -> list[Row]:
    """Console and API beside views written by hand."""
    rows = []
    for size in sizes:
        for title, ours, theirs in web.compare(folder, size, seconds=seconds, turns=turns):
            for side in (ours, theirs):
                print(f"    {side.requests} answers of {side.bytes_each} bytes: {title}, {side.name}")
                rows.append(
                    Row(
                        f"{title}, {side.name}, {size:,} organizations",
                        side.rate,
                        "/s",
                        turns=side.rates,
                        p50=statistics.median(side.p50),
                        p99=statistics.median(side.p99),
                        cpu=statistics.median(side.cpu_micros),
                    )
                )
            rows.append(
                Row(
                    f"{title}, share of by hand, {size:,} organizations",
                    ours.rate / theirs.rate,
                    "×",
                    aim=0.6 if title == "API list" else 0.4,
                )
            )
    return rows


MEASURES = {
    "start": start,
    "memory": memory,
    "mail": take_mail,
    "dns": answer_names,
    "renewals": renewals.measure,
    "sqlite-renewals": renewals.measure_on_sqlite,
    "papers": papers.measure,
    "rights": decide,
    "sign-in": let_in,
    "throttle": count_calls,
    "web": serve_pages,
}

if __name__ == "__main__":
    sys.exit(main())
