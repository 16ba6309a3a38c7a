"""Texts in five languages: found in code and templates, kept in each room's catalogs, checked, compiled.

Everything is done by Babel and by Django's own template reader, so no GNU gettext needs to be installed.
"""

import io
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po, write_po

LANGUAGES = ("de", "fr", "it", "es")
PACKAGE = Path(__file__).resolve().parent.parent
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
COMMENT_TAG = "Translators:"


@dataclass(frozen=True)
class Room:
    """A package with its own catalogs."""

    name: str
    folder: Path

    def catalog_path(self, language: str) -> Path:
        """Where the texts of one language are."""
        return self.folder / "locale" / language / "LC_MESSAGES" / "django.po"


@dataclass(frozen=True)
class Problem:
    """Something that keeps a translation from being complete."""

    path: Path
    text: str
    what: str

    def __str__(self) -> str:
        path = (
            self.path.relative_to(PACKAGE.parent) if self.path.is_relative_to(PACKAGE.parent) else self.path
        )
        return f"{path}: {self.what}: {self.text!r}"


def rooms(package: Path = PACKAGE) -> list[Room]:
    """Every Django app of the house, in alphabetical order."""
    return [
        Room(".".join(apps.parent.relative_to(package).parts), apps.parent)
        for apps in sorted(package.rglob("apps.py"))
    ]


def texts_of(room: Room, others: tuple[Path, ...] = ()) -> Catalog:
    """Every text that the room's code and templates ask to be translated."""
    catalog = Catalog(charset="utf-8")
    for path in _sources(room.folder, others):
        place = path.relative_to(room.folder).as_posix()
        for _line, message, comments, context in _extracted(path):
            catalog.add(message, locations=[(place, 0)], auto_comments=comments, context=context)
    return catalog


def _sources(folder: Path, others: tuple[Path, ...]) -> Iterator[Path]:
    """Python and template files of a room, without its tests, migrations and the rooms inside it."""
    for base, names, files in os.walk(folder):
        here = Path(base)
        names[:] = sorted(
            name
            for name in names
            if name not in ("tests", "migrations", "locale", "static", "front", "node_modules", "__pycache__")
            and here / name not in others
        )
        in_templates = "templates" in here.relative_to(folder).parts
        for name in sorted(files):
            if name.endswith(".py") or (in_templates and name.endswith((".html", ".txt", ".xml", ".svg"))):
                yield here / name


def _extracted(path: Path) -> Iterator[tuple[int, str | tuple[str, ...], list[str], str | None]]:
    source = path.read_text("utf-8")
    if path.suffix != ".py":
        source = _template_as_python(source, str(path))
    file = io.BytesIO(source.encode())
    for line, message, comments, context in extract("python", file, KEYWORDS, comment_tags=(COMMENT_TAG,)):
        if message and message != ("",):
            yield line, message, [comment.removeprefix(COMMENT_TAG).strip() for comment in comments], context


def _template_as_python(source: str, origin: str) -> str:
    """Django turns a template into calls of gettext; indentation would confuse the reader of Python."""
    from django.utils.translation.template import templatize

    return "\n".join(line.lstrip() for line in templatize(source, origin=origin).split("\n"))


def read_catalog(path: Path, language: str) -> Catalog:
    """The catalog in a file; an empty one when there is no file."""
    if not path.exists():
        return Catalog(locale=language, charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=language, charset="utf-8", abort_invalid=True)


def update(room: Room, others: tuple[Path, ...] = ()) -> int:
    """Add new texts to the room's catalogs, drop unused ones, and return how many wait for a translator."""
    texts = texts_of(room, others)
    missing = 0
    for language in LANGUAGES:
        path = room.catalog_path(language)
        if not len(texts) and not path.exists():
            continue
        old = read_catalog(path, language)
        new = Catalog(locale=language, charset="utf-8", project="Kanton", fuzzy=False)
        for message in texts:
            if not message.id:
                continue
            before = old.get(message.id, message.context)
            comments = message.auto_comments
            kept = before.string if before and not before.fuzzy else None
            new.add(
                message.id,
                kept or None,
                locations=message.locations,
                flags=message.flags - {"fuzzy"},
                auto_comments=comments,
                user_comments=before.user_comments if before else (),
                context=message.context,
            )
            missing += not _is_translated(kept)
        _write_po(path, new, language)
    return missing


def _write_po(path: Path, catalog: Catalog, language: str) -> None:
    """Write a catalog in a stable order and without dates, so that a change shows only what changed: what says the same
    as before keeps its lines, because translators' tools break them elsewhere than we do."""
    buffer = io.BytesIO()
    write_po(buffer, catalog, width=100, sort_output=True, omit_header=True, include_lineno=False)
    plural = catalog.plural_forms
    header = (
        f'msgid ""\nmsgstr ""\n"Language: {language}\\n"\n"MIME-Version: 1.0\\n"\n'
        f'"Content-Type: text/plain; charset=UTF-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n'
        f'"Plural-Forms: {plural}\\n"\n\n'
    )
    before = path.read_text("utf-8") if path.exists() else ""
    kept = {_unbroken(entry): entry for entry in _entries(before)}
    entries = _entries(header + buffer.getvalue().decode())
    end = before[len(before.rstrip("\n")) :] or "\n"
    _replace(path, ("\n\n".join(kept.get(_unbroken(entry), entry) for entry in entries) + end).encode())


def _entries(written: str) -> list[str]:
    return [entry.strip("\n") for entry in written.split("\n\n") if entry.strip()]


def _unbroken(entry: str) -> str:
    """An entry as if lines had no end."""
    return entry.removeprefix("#\n").replace('"\n"', "").replace("\n#: ", " ")


def _replace(path: Path, content: bytes) -> None:
    """Write a whole file or nothing, for processes that may be reading it."""
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(content)
    Path(file.name).chmod(0o644)
    Path(file.name).replace(path)


def _is_translated(string: str | tuple[str, ...] | list[str] | None) -> bool:
    return bool(string) and all(string) if isinstance(string, tuple | list) else bool(string)


def problems(room: Room, others: tuple[Path, ...] = ()) -> Iterator[Problem]:
    """What is missing, unsure or broken in the room's catalogs."""
    texts = [message for message in texts_of(room, others) if message.id]
    for language in LANGUAGES:
        path = room.catalog_path(language)
        if not texts and not path.exists():
            continue
        try:
            catalog = read_catalog(path, language)
        except (PoFileError, UnicodeDecodeError) as problem:
            yield Problem(path, str(problem), "cannot be read")
            continue
        asked = {catalog._key_for(message.id, message.context) for message in texts}
        for message in texts:
            found = catalog.get(message.id, message.context)
            yield from _problems_of(path, message, found, catalog)
        for message in catalog:
            if message.id and catalog._key_for(message.id, message.context) not in asked:
                yield Problem(path, _first(message), "no longer used")


def _problems_of(path: Path, asked: Message, found: Message | None, catalog: Catalog) -> Iterator[Problem]:
    text = _first(asked)
    if found is None or not _is_translated(found.string):
        yield Problem(path, text, "not translated")
        return
    if found.fuzzy:
        yield Problem(path, text, "marked fuzzy")
    found.flags |= asked.flags - {"fuzzy"}
    for error in found.check(catalog):
        yield Problem(path, text, f"wrong ({error})")
    strings = [found.string] if isinstance(found.string, str) else list(found.string or ())
    for string in strings:
        if text[:1].isspace() != string[:1].isspace() or text[-1:].isspace() != string[-1:].isspace():
            yield Problem(path, text, "spaces at the ends differ")


def conflicts(everything: list[Room]) -> Iterator[Problem]:
    """Texts that two rooms translate differently. Django reads all catalogs into one, so one of the translations would
    stand in both rooms, and be wrong in one of them."""
    for language in LANGUAGES:
        found: dict[tuple[str | None, str, bool], dict[tuple[str, ...], list[Room]]] = {}
        for room in everything:
            try:
                catalog = read_catalog(room.catalog_path(language), language)
            except (PoFileError, UnicodeDecodeError):
                continue  # told by problems()
            for message in catalog:
                if message.id and not message.fuzzy and _is_translated(message.string):
                    strings = (
                        (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
                    )
                    key = (message.context, _first(message), not isinstance(message.id, str))
                    found.setdefault(key, {}).setdefault(strings, []).append(room)
        for (context, text, _is_plural), translations in found.items():
            if len(translations) > 1:
                said = ", ".join(
                    f"{' / '.join(map(repr, strings))} ({', '.join(room.name for room in theirs)})"
                    for strings, theirs in sorted(translations.items(), key=lambda each: -len(each[1]))
                )
                where = f" in the context {context!r}" if context else ""
                what = (
                    f"translated differently in {language}{where}: {said}. Same meaning: use the same words. Other "
                    "meaning: give the text a context (pgettext, or context in a template) or say it more clearly"
                )
                fewest = min(translations.values(), key=len)
                yield Problem(fewest[0].catalog_path(language), text, what)


def _first(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def compile_all(package: Path = PACKAGE) -> int:
    """Make the binary catalogs that Django reads wherever the text is newer. Returns how many were made."""
    made = 0
    for path in sorted(package.rglob("locale/*/LC_MESSAGES/django.po")):
        binary = path.with_suffix(".mo")
        if binary.exists() and binary.stat().st_mtime_ns >= path.stat().st_mtime_ns:
            continue
        buffer = io.BytesIO()
        with path.open("rb") as file:
            write_mo(buffer, read_po(file, locale=path.parent.parent.name, charset="utf-8"))
        binary.unlink(missing_ok=True)
        _replace(binary, buffer.getvalue())
        made += 1
    return made


def inner_rooms(room: Room, everything: list[Room]) -> tuple[Path, ...]:
    """The folders of rooms that lie inside this one and have catalogs of their own."""
    return tuple(other.folder for other in everything if room.folder in other.folder.parents)
