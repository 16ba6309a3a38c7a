"""The sandbox registry: behaves like one, keeps its names in a file of its own, and fails when it is asked to.

The first letters of a name choose its fate, so that every path can be walked through in the console:

    taken…      belongs to somebody else            reserved…  is not given out
    snatched…   looks free, but is taken when it is registered
    refused…    the registry refuses the holder     slow…      takes a few seconds
    away…       the registry does not answer        lost…      it is done, but the first answer gets lost
    moving…     is registered elsewhere and can be transferred with the code "sandbox"
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

from kanton.core import clock
from kanton.products.domains.extensions import extension_of
from kanton.products.domains.registrars import (
    Availability,
    Holder,
    Refusal,
    RegistrarRefused,
    RegistrarUnavailable,
    Registration,
)

PENDING_DELETE_DAYS = 5
SLOW_SECONDS = 3
CODE_OF_OTHERS = "sandbox"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS names (
    name TEXT PRIMARY KEY,
    sponsor TEXT NOT NULL,           -- "us" or "other"
    created_on TEXT NOT NULL,
    expires_on TEXT NOT NULL,
    nameservers TEXT NOT NULL,       -- JSON
    contacts TEXT NOT NULL,          -- JSON: role to contact
    code TEXT NOT NULL,
    locked INTEGER NOT NULL DEFAULT 0,
    held INTEGER NOT NULL DEFAULT 0,
    pending_until REAL,              -- seconds since 1970 while a creation or transfer is worked on
    deleted_on TEXT                  -- begin of the redemption period
);
CREATE INDEX IF NOT EXISTS names_by_expiry ON names (expires_on) WHERE deleted_on IS NULL;
CREATE TABLE IF NOT EXISTS orders (key TEXT PRIMARY KEY, name TEXT NOT NULL, answered INTEGER NOT NULL);
"""


class SandboxRegistrar:
    """A registrar with its registry in one SQLite file. Time comes from the clock, so years can pass in a
    test.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    # -- questions ---------------------------------------------------------------------------------

    def check(self, names: Sequence[str]) -> dict[str, Availability]:
        """Which of these names could be registered."""
        with self._registry() as db:
            return {name: self._availability(db, name) for name in names}

    def _availability(self, db: sqlite3.Connection, name: str) -> Availability:
        _answer_or_not(name)
        if _begins(name, "reserved"):
            return Availability.RESERVED
        if _begins(name, "taken") or _begins(name, "moving") or _row(db, name) is not None:
            return Availability.TAKEN
        return Availability.FREE

    def info(self, name: str) -> Registration | None:
        """The name as the registry has it; None when nobody has it."""
        _answer_or_not(name)
        with self._registry() as db:
            row = _row(db, name)
            if row is None and (_begins(name, "taken") or _begins(name, "moving")):
                return _of_others(name)
            return None if row is None else _registration(row)

    # -- orders ------------------------------------------------------------------------------------

    def create(
        self, name: str, *, years: int, nameservers: Sequence[str], holder: Holder, key: str
    ) -> Registration:
        """Register a name for us."""
        _answer_or_not(name)
        extension = extension_of(name)
        if _begins(name, "snatched"):
            raise RegistrarRefused(Refusal.TAKEN)
        if _begins(name, "refused"):
            raise RegistrarRefused(Refusal.POLICY, "The address of the holder could not be verified.")
        if extension is None or not 1 <= years <= extension.max_years:
            raise RegistrarRefused(Refusal.POLICY, "This number of years is not possible.")

        def register(db: sqlite3.Connection) -> None:
            if self._availability(db, name) is not Availability.FREE:
                reserved = _begins(name, "reserved")
                raise RegistrarRefused(Refusal.RESERVED if reserved else Refusal.TAKEN)
            today = clock.today()
            pending = clock.now().timestamp() + SLOW_SECONDS if _begins(name, "slow") else None
            db.execute(
                "INSERT INTO names (name, sponsor, created_on, expires_on, nameservers, contacts, code, locked,"
                " pending_until) VALUES (?, 'us', ?, ?, ?, ?, ?, 1, ?)",
                (
                    name,
                    today.isoformat(),
                    _years_later(today, years).isoformat(),
                    json.dumps(list(nameservers)),
                    json.dumps({"owner": _contact(holder)}),
                    _new_code(),
                    pending,
                ),
            )

        return self._ordered(name, key, register)

    def renew(self, name: str, *, expires_on: date, years: int, key: str) -> Registration:
        """Prolong a name that now expires on a day."""
        extension = extension_of(name)

        def prolong(db: sqlite3.Connection) -> None:
            row = _ours(db, name)
            if row["deleted_on"]:
                raise RegistrarRefused(Refusal.NOT_RENEWABLE, "The name is in its redemption period.")
            current = date.fromisoformat(row["expires_on"])
            if current != expires_on:
                raise RegistrarRefused(Refusal.NOT_RENEWABLE, f"The name expires on {current}.")
            until = _years_later(current, years)
            if extension and until > _years_later(clock.today(), extension.max_years + 1):
                raise RegistrarRefused(Refusal.NOT_RENEWABLE, "So many years ahead are not possible.")
            db.execute("UPDATE names SET expires_on = ? WHERE name = ?", (until.isoformat(), name))

        return self._ordered(name, key, prolong)

    def transfer(self, name: str, *, code: str, key: str) -> Registration:
        """Fetch a name from another registrar."""

        def fetch(db: sqlite3.Connection) -> None:
            row = _row(db, name)
            if row is None and _begins(name, "moving"):
                _add_of_others(db, name)
                row = _row(db, name)
            if row is None:
                raise RegistrarRefused(Refusal.UNKNOWN)
            if row["locked"]:
                raise RegistrarRefused(Refusal.LOCKED)
            if not secrets.compare_digest(row["code"].encode(), code.encode()):
                raise RegistrarRefused(Refusal.WRONG_CODE)
            until = clock.now().timestamp() + SLOW_SECONDS
            expires = _years_later(date.fromisoformat(row["expires_on"]), 1)
            db.execute(
                "UPDATE names SET sponsor = 'us', locked = 1, code = ?, pending_until = ?, expires_on = ?"
                " WHERE name = ?",
                (_new_code(), until, expires.isoformat(), name),
            )

        return self._ordered(name, key, fetch)

    def restore(self, name: str, *, key: str) -> Registration:
        """Fetch a name back from its redemption period."""

        def bring_back(db: sqlite3.Connection) -> None:
            row = _ours(db, name)
            registration = _registration(row)
            if "redemptionPeriod" not in registration.status:
                raise RegistrarRefused(Refusal.NOT_RENEWABLE)
            expires = _years_later(date.fromisoformat(row["expires_on"]), 1)
            db.execute(
                "UPDATE names SET deleted_on = NULL, expires_on = ? WHERE name = ?",
                (max(expires, _years_later(clock.today(), 1)).isoformat(), name),
            )

        return self._ordered(name, key, bring_back)

    # -- changes that may be repeated as they are --------------------------------------------------

    def set_nameservers(self, name: str, nameservers: Sequence[str]) -> Registration:
        """Point a name of ours to other name servers."""
        if not 2 <= len(nameservers) <= 13:
            raise RegistrarRefused(Refusal.NAMESERVERS)
        return self._set(name, "nameservers", json.dumps(list(nameservers)))

    def set_lock(self, name: str, *, locked: bool) -> Registration:
        """Forbid or allow transfers to other registrars."""
        return self._set(name, "locked", int(locked))

    def set_hold(self, name: str, *, held: bool) -> Registration:
        """Take a name out of the zone of its extension, or put it back."""
        return self._set(name, "held", int(held))

    def set_holder(self, name: str, role: str, holder: Holder) -> Registration:
        """Replace one contact."""
        _answer_or_not(name)
        with self._registry() as db:
            contacts = json.loads(_ours(db, name)["contacts"]) | {role: _contact(holder)}
        return self._set(name, "contacts", json.dumps(contacts))

    def delete(self, name: str) -> Registration:
        """Give a name up: its redemption period begins."""
        with self._registry() as db:
            row = _ours(db, name)
            if row["deleted_on"]:
                return _registration(row)
        return self._set(name, "deleted_on", clock.today().isoformat())

    def authorization_code(self, name: str) -> str:
        """The code with which the holder can take the name elsewhere."""
        _answer_or_not(name)
        with self._registry() as db:
            row = _ours(db, name)
            if row["locked"]:
                raise RegistrarRefused(Refusal.LOCKED)
            code: str = row["code"]
            return code

    # -- inside ------------------------------------------------------------------------------------

    def _set(self, name: str, column: str, value: str | int) -> Registration:
        _answer_or_not(name)
        with self._registry() as db:
            _ours(db, name)
            db.execute(f"UPDATE names SET {column} = ? WHERE name = ?", (value, name))  # noqa: S608
            return _registration(_ours(db, name))

    def _ordered(self, name: str, key: str, do: Callable[[sqlite3.Connection], None]) -> Registration:
        """Do it unless this key has done it; the answer of a name "lost…" gets lost the first time."""
        _answer_or_not(name)
        with self._registry() as db:
            known = db.execute("SELECT answered FROM orders WHERE key = ?", (key,)).fetchone()
            if known is None:
                do(db)
                db.execute(
                    "INSERT INTO orders (key, name, answered) VALUES (?, ?, ?)",
                    (key, name, int(not _begins(name, "lost"))),
                )
            elif not known["answered"]:
                db.execute("UPDATE orders SET answered = 1 WHERE key = ?", (key,))
            registration = _registration(_ours(db, name))
        if known is None and _begins(name, "lost"):
            raise RegistrarUnavailable("The answer was lost on its way.")
        return registration

    @contextmanager
    def _registry(self) -> Iterator[sqlite3.Connection]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(self._path, timeout=20, isolation_level=None)
        try:
            db.row_factory = sqlite3.Row
            db.execute("PRAGMA journal_mode=WAL")
            db.executescript(_SCHEMA)
            db.execute("BEGIN IMMEDIATE")
            try:
                _release(db)
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")
        except sqlite3.Error as error:
            raise RegistrarUnavailable(str(error)) from error
        finally:
            db.close()


def _begins(name: str, word: str) -> bool:
    return name.startswith(word)


def _answer_or_not(name: str) -> None:
    if _begins(name, "away"):
        raise RegistrarUnavailable("The registry does not answer.")


def _row(db: sqlite3.Connection, name: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = db.execute("SELECT * FROM names WHERE name = ?", (name,)).fetchone()
    return row


def _ours(db: sqlite3.Connection, name: str) -> sqlite3.Row:
    row = _row(db, name)
    if row is None or row["sponsor"] != "us":
        raise RegistrarRefused(Refusal.UNKNOWN)
    return row


def _release(db: sqlite3.Connection) -> None:
    """Names whose time is over belong to nobody. What expires without renewal begins its redemption by
    itself.
    """
    today = clock.today()
    db.execute(
        "UPDATE names SET deleted_on = date(expires_on, '+1 day') WHERE deleted_on IS NULL AND expires_on < ?",
        (today.isoformat(),),
    )
    over = [
        row["name"]
        for row in db.execute("SELECT name, deleted_on FROM names WHERE deleted_on IS NOT NULL")
        if today > _redemption_end(row["name"], row["deleted_on"]) + timedelta(days=PENDING_DELETE_DAYS)
    ]
    db.executemany("DELETE FROM names WHERE name = ?", [(name,) for name in over])


def _redemption_end(name: str, deleted_on: str) -> date:
    extension = extension_of(name)
    return date.fromisoformat(deleted_on) + timedelta(days=extension.redemption_days if extension else 30)


def _registration(row: sqlite3.Row) -> Registration:
    status = []
    ends_on = None
    if row["pending_until"] is not None and row["pending_until"] > clock.now().timestamp():
        status.append("pendingTransfer" if row["code"] == CODE_OF_OTHERS else "pendingCreate")
    if row["deleted_on"]:
        ends_on = _redemption_end(row["name"], row["deleted_on"])
        status.append("redemptionPeriod" if clock.today() <= ends_on else "pendingDelete")
    if row["held"]:
        status.append("clientHold")
    if row["locked"]:
        status.append("clientTransferProhibited")
    if not status or status == ["clientTransferProhibited"]:
        status.insert(0, "ok")
    return Registration(
        row["name"],
        tuple(status),
        tuple(json.loads(row["nameservers"])),
        date.fromisoformat(row["created_on"]),
        date.fromisoformat(row["expires_on"]),
        row["sponsor"] == "us",
        ends_on,
    )


def _of_others(name: str) -> Registration:
    today = clock.today()
    return Registration(
        name,
        ("ok",),
        ("ns1.elsewhere.example", "ns2.elsewhere.example"),
        _years_later(today, -2),
        _years_later(today, 1),
        is_ours=False,
    )


def _add_of_others(db: sqlite3.Connection, name: str) -> None:
    other = _of_others(name)
    db.execute(
        "INSERT INTO names (name, sponsor, created_on, expires_on, nameservers, contacts, code)"
        " VALUES (?, 'other', ?, ?, ?, '{}', ?)",
        (
            name,
            other.created_on.isoformat(),
            other.expires_on.isoformat(),
            json.dumps(list(other.nameservers)),
            CODE_OF_OTHERS,
        ),
    )


def _contact(holder: Holder) -> dict[str, str]:
    return {name: getattr(holder, name) for name in Holder.__slots__}


def _new_code() -> str:
    return secrets.token_urlsafe(12)


def _years_later(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)
