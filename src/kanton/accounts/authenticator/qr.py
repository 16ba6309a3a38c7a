"""A QR code as a picture inside the page."""

from __future__ import annotations

import io

import segno
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _


def qr_svg(text: str) -> SafeString:
    """An SVG with its own quiet zone, dark on light in every theme, as cameras need it."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        out,
        kind="svg",
        xmldecl=False,
        svgns=True,
        border=4,
        light="#fff",
        dark="#000",
        omitsize=True,
        svgclass="qr",
        lineclass=None,
        title=_("QR code"),
    )
    return mark_safe(out.getvalue().decode())  # noqa: S308 - made by segno from our own text
