"""Escaping for places that draw hundreds of small pieces a page.

Django's `escape` and `format_html` guard against lazy texts at each call, which costs more than the escaping itself.
"""

from __future__ import annotations

import html
import re
from typing import Any

_is_special = re.compile("[&<>\"']").search


def escaped(value: Any) -> str:
    """The value as HTML: safe HTML as it is, everything else escaped, quotes too."""
    if type(value) is str:
        return html.escape(value) if _is_special(value) else value
    if hasattr(value, "__html__"):
        return str(value.__html__())
    return html.escape(str(value))
