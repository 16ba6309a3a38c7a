"""ETags: what a thing looked like when it was read, so that a later write can say “only if it still does” (API-29)."""

from __future__ import annotations

from hashlib import blake2b


def tag_of(body: bytes, withs: frozenset[str]) -> str:
    """The tag of an answer. It carries the `with=` of its reading, so that a write can look the same way."""
    digest = blake2b(body, digest_size=12).hexdigest()
    return f'"{digest}.{"+".join(sorted(withs))}"' if withs else f'"{digest}"'


def withs_in(tag: str) -> frozenset[str]:
    """The `with=` that a tag carries."""
    _digest, _dot, names = tag.strip('"').partition(".")
    return frozenset(name for name in names.split("+") if name)
