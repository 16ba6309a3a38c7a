"""What a user agent says of itself, in words: enough to recognize one's own browsers in a list."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils.translation import gettext as _

# The first that fits; those that pretend to be others come before those.
_BROWSERS = (
    ("Edge", r"\bEdgA?(?:iOS)?/(\d+)"),
    ("Opera", r"\b(?:OPR|OPiOS)/(\d+)"),
    ("Samsung Internet", r"\bSamsungBrowser/(\d+)"),
    ("Vivaldi", r"\bVivaldi/(\d+)"),
    ("Firefox", r"\b(?:Firefox|FxiOS)/(\d+)"),
    ("Chrome", r"\b(?:Headless)?(?:Chrome|CriOS)/(\d+)"),
    ("Safari", r"\bVersion/(\d+)[\d.]* (?:Mobile/\w+ )?Safari/"),
    ("curl", r"^curl/(\d+)"),
)
_SYSTEMS = (
    ("iPad", r"\biPad\b"),
    ("iPhone", r"\biPhone\b"),
    ("Android", r"\bAndroid\b"),
    ("ChromeOS", r"\bCrOS\b"),
    ("Windows", r"\bWindows NT\b"),
    ("macOS", r"\bMac OS X\b"),
    ("Linux", r"\bLinux\b"),
)


@dataclass(frozen=True)
class Browser:
    """A browser on a system; empty where the user agent does not say."""

    name: str
    system: str

    @property
    def icon(self) -> str:
        """Phone, tablet or computer."""
        if self.system == "iPad":
            return "device-tablet"
        return "device-mobile" if self.system in ("iPhone", "Android") else "device-desktop"

    def __str__(self) -> str:
        return " · ".join(part for part in (self.name, self.system) if part) or _("Unknown program")


def browser_of(user_agent: str) -> Browser:
    """Name, version and system."""
    name = ""
    for called, pattern in _BROWSERS:
        if found := re.search(pattern, user_agent):
            name = f"{called} {found[1]}"
            break
    return Browser(name, next((system for system, mark in _SYSTEMS if re.search(mark, user_agent)), ""))
