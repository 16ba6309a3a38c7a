"""Tags for the texts of mails; `kanton.core.outbox.letter` turns their marks into text and HTML."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.template.base import FilterExpression, NodeList, Parser, Token
from django.template.context import Context
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language

from kanton.core.outbox.letter import BECAUSE, BUTTON, CODE, END, FACT, PART

#: Where Django writes the day as nobody here does: "Nov. 22, 2026, 3:10 p.m.", "Domenica 22 Novembre 2026".
FORMATS = {"en": "j F Y, H:i", "it": "j F Y H:i"}
register = template.Library()


class _Marked(template.Node):
    def __init__(self, mark: str, words: NodeList, url: FilterExpression | None = None) -> None:
        self.mark, self.words, self.url = mark, words, url

    def render(self, context: Context) -> str:
        words = self.words.render(context).strip()
        link = f"{PART}{self.url.resolve(context)}" if self.url is not None else ""
        return f"{self.mark}{words}{link}{END}"


@register.tag
def button(parser: Parser, token: Token) -> _Marked:
    """`{% button link %}Words{% endbutton %}`: the step to take, as a button and as an address."""
    _name, url = token.split_contents()
    words = parser.parse(("endbutton",))
    parser.delete_first_token()
    return _Marked(BUTTON, words, parser.compile_filter(url))


@register.tag
def because(parser: Parser, token: Token) -> _Marked:
    """`{% because %}Who asked, and why.{% endbecause %}`: stands in the footer of the mail."""
    words = parser.parse(("endbecause",))
    parser.delete_first_token()
    return _Marked(BECAUSE, words)


@register.simple_tag
def fact(label: Any, value: Any) -> str:
    """`{% fact label value %}`: a row of a small table."""
    return f"{FACT}{label}{PART}{value}{END}"


@register.simple_tag
def code(digits: Any) -> str:
    """`{% code digits %}`: a code to be typed, large."""
    return f"{CODE}{digits}{END}"


@register.filter
def moment(value: datetime) -> str:
    """A time in the reader's zone, with the zone's short name: 22 November 2026, 15:10 CET."""
    local = timezone.localtime(value)
    written = date_format(local, FORMATS.get(get_language() or "", "DATETIME_FORMAT"))
    return f"{written.lower() if get_language() == 'it' else written} {local.tzname()}"
