"""Where the makers of browsers explain how cookies and JavaScript are switched on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser and the two pages of its maker."""

    name: str
    cookies: str
    scripts: str


BROWSERS = (
    Browser(
        "Chrome",
        "https://support.google.com/chrome/answer/95647",
        "https://support.google.com/chrome/answer/114662",
    ),
    Browser(
        "Firefox",
        "https://support.mozilla.org/kb/websites-say-cookies-are-blocked-unblock-them",
        "https://support.mozilla.org/kb/javascript-settings-for-interactive-web-pages",
    ),
    Browser(
        "Edge",
        "https://support.microsoft.com/microsoft-edge/168dab11-0753-043d-7c16-ede5947fc64d",
        "https://support.microsoft.com/office/7bb9ee74-6a9e-4dd1-babf-b0a1bb136361",
    ),
    Browser(
        "Safari",
        "https://support.apple.com/guide/safari/sfri11471/mac",
        "https://support.apple.com/guide/safari/ibrw1074/mac",
    ),
)
