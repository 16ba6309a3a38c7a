"""From the rendered text of a mail to its parts: subject, text, HTML. Pure: no database, no clock."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field

# Marks that the template tags of `letters` leave in the rendered text. They are characters for private use, and
# `clean` takes them out of everything that people wrote.
BUTTON, CODE, BECAUSE, FACT = "\ue000", "\ue001", "\ue002", "\ue003"
PART, END = "\ue004", "\ue005"
MARKED = re.compile(f"([{BUTTON}{CODE}{BECAUSE}{FACT}])([^{END}]*){END}", re.DOTALL)
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069\ue000-\ue00f]")

WIDTH = 76


@dataclass(frozen=True)
class Block:
    """A piece of the body. `kind` is paragraph, list, button, code or facts."""

    kind: str
    lines: tuple[str, ...] = ()
    url: str = ""
    facts: tuple[tuple[str, str], ...] = ()


@dataclass
class Letter:
    """A mail before it is dressed."""

    subject: str
    blocks: list[Block] = field(default_factory=list)
    because: str = ""


def clean(value: str, *, keep_lines: bool = False) -> str:
    """Text by a person, harmless in a mail: no control or direction characters, no foreign marks, one line."""
    value = FORBIDDEN.sub("", value.replace("\r\n", "\n").replace("\r", "\n"))
    return value if keep_lines else " ".join(value.split())


def parse(rendered: str) -> Letter:
    """Read a rendered template: the first line is the subject, the rest the body."""
    subject, _newline, body = rendered.lstrip().partition("\n")
    letter = Letter(" ".join(MARKED.sub("", subject).split())[:300])
    position = 0
    for found in MARKED.finditer(body):
        _add_prose(letter, body[position : found.start()])
        position = found.end()
        mark, content = found.groups()
        first, _part, second = content.partition(PART)
        first, second = " ".join(first.split()), second.strip()
        if mark == BUTTON:
            letter.blocks.append(Block("button", (first,), url=second))
        elif mark == CODE:
            letter.blocks.append(Block("code", (first,)))
        elif mark == BECAUSE:
            letter.because = first
        elif letter.blocks and letter.blocks[-1].kind == "facts":
            letter.blocks[-1] = Block("facts", facts=(*letter.blocks[-1].facts, (first, second)))
        else:
            letter.blocks.append(Block("facts", facts=((first, second),)))
    _add_prose(letter, body[position:])
    return letter


def _add_prose(letter: Letter, text: str) -> None:
    for paragraph in re.split(r"\n\s*\n", text):
        lines = [line.strip() for line in paragraph.splitlines() if line.strip()]
        if not lines:
            continue
        if all(line.startswith("- ") for line in lines):
            letter.blocks.append(Block("list", tuple(line[2:].strip() for line in lines)))
        else:
            letter.blocks.append(Block("paragraph", tuple(lines)))


def as_text(letter: Letter, footer: list[str]) -> str:
    """The text part: paragraphs within 76 columns, addresses never broken, the footer below the usual line."""
    parts = []
    for block in letter.blocks:
        if block.kind == "button":
            parts.append(f"{block.lines[0]}:\n{block.url}")
        elif block.kind == "facts":
            parts.append("\n".join(f"{label}: {value}" for label, value in block.facts))
        elif block.kind == "list":
            parts.append("\n".join(_wrapped(line, "- ", "  ") for line in block.lines))
        elif block.kind == "code":
            parts.append(f"    {block.lines[0]}")
        else:
            parts.append("\n".join(_wrapped(line) for line in block.lines))
    # "-- " with its blank marks the signature, which programs leave out of replies.
    return "\n\n".join([*parts, "-- \n" + "\n".join(_wrapped(line) for line in footer)]) + "\n"


def _wrapped(line: str, first: str = "", rest: str = "") -> str:
    if "://" in line:
        return first + line
    return textwrap.fill(
        line, WIDTH, initial_indent=first, subsequent_indent=rest,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
