"""Texts of the documentation."""

from __future__ import annotations

import re

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

register = template.Library()
_TICKED = re.compile(r"`([^`]+)`")


@register.filter
def ticked(text: object) -> SafeString:
    """The text with what stands between backticks as code."""
    return mark_safe(_TICKED.sub(r"<code>\1</code>", escape(str(text))))  # noqa: S308 - escaped just before
