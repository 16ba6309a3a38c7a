"""The extensions (TLDs) on offer and the rules of their registries. Sample data: a provider edits what it
sells. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kanton.core.errors import DomainError
from kanton.products.domains import names
from kanton.products.domains.errors import (
    InvalidName,
    NotASubdomain,
    NotThisLength,
    NoUnicode,
    UnknownExtension,
)
from kanton.products.domains.problems import Problem


@dataclass(frozen=True, slots=True)
class Extension:
    """One extension: its number in the API, its group, and what its registry allows."""

    id: int
    name: str
    group: str
    max_years: int = 10
    redemption_days: int = 30
    allows_unicode: bool = True
    shortest: int = 2
    longest: int = 63
    lock_days: int = 60


EXTENSIONS: dict[str, Extension] = {
    extension.name: extension
    for extension in (
        Extension(1, "ch", "country", redemption_days=40, shortest=3, lock_days=0),
        Extension(2, "li", "country", redemption_days=40, shortest=3, lock_days=0),
        Extension(3, "com", "generic"),
        Extension(4, "net", "generic"),
        Extension(5, "org", "generic"),
        Extension(6, "eu", "country", redemption_days=40, lock_days=0),
        Extension(7, "de", "country", max_years=1, shortest=1, lock_days=0),
        Extension(8, "fr", "country", lock_days=0),
        Extension(9, "it", "country", max_years=1, shortest=3, lock_days=0),
        Extension(10, "es", "country", shortest=3, lock_days=0),
        Extension(11, "swiss", "city", shortest=1),
        Extension(12, "info", "generic"),
        Extension(13, "biz", "generic", allows_unicode=False),
        Extension(14, "io", "country", allows_unicode=False),
        Extension(15, "dev", "generic"),
        Extension(16, "app", "generic"),
        Extension(17, "co.uk", "country", allows_unicode=False, shortest=1, lock_days=0),
        # Reserved for documentation (RFC 2606): what the demo and the tests register.
        Extension(90, "example", "documentation", shortest=1),
    )
}

_LABEL = re.compile(r"[a-z0-9-]+\Z")


def extension_of(name: str) -> Extension | None:
    """The extension of a normal name, the longest that fits."""
    for above in list(names.ancestors(name))[1:]:
        if above in EXTENSIONS:
            return EXTENSIONS[above]
    return None


def registrable(text: str) -> str:
    """The normal form of a name that can be registered here, or the error that says why not (DOM-14)."""
    try:
        name = names.domain_name(text)
    except Problem as problem:
        raise InvalidName(problem.at("name")) from problem
    extension = extension_of(name)
    if extension is None:
        known = ", ".join("." + known for known in EXTENSIONS if known != "example")
        raise UnknownExtension(extension=name.partition(".")[2], known=known)
    label = name.removesuffix("." + extension.name)
    if "." in label:
        raise NotASubdomain(name=name, domain=names.registered_domain(name, EXTENSIONS) or name)
    return _fitting(name, label, extension)


def _fitting(name: str, label: str, extension: Extension) -> str:
    error: DomainError | None = None
    shown = names.display_name(label)
    if not shown.isascii() and not extension.allows_unicode:
        error = NoUnicode(extension=extension.name)
    elif not extension.shortest <= len(shown) <= extension.longest:
        error = NotThisLength(
            extension=extension.name, shortest=extension.shortest, longest=extension.longest
        )
    if error is not None:
        raise error
    return name
