"""Colours of a Custom Brand: an accent chosen by a customer, made readable in light and in dark."""

from __future__ import annotations

import colorsys
import re
from dataclasses import dataclass

LIGHT_PAPER, DARK_PAPER = "ffffff", "141a1d"
TEXT_CONTRAST = 4.5
HEX = re.compile(r"[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class Palette:
    """The accent as it is used: for text and buttons, on light and on dark paper."""

    light: str
    on_light: str
    dark: str
    on_dark: str

    @classmethod
    def of(cls, accent: str) -> Palette:
        """The nearest readable shades of `accent` (six hex digits, with or without #)."""
        wanted = accent.removeprefix("#").lower()
        if not HEX.fullmatch(wanted):
            raise ValueError(f"{accent!r} is not a colour of six hex digits")
        light = _shifted(wanted, LIGHT_PAPER, darker=True)
        dark = _shifted(wanted, DARK_PAPER, darker=False)
        return cls(light, readable_on(light), dark, readable_on(dark))

    def css(self) -> str:
        """The custom properties that replace the accent of the design system."""
        light = f"--accent:#{self.light};--on-accent:#{self.on_light}"
        dark = f"--accent:#{self.dark};--on-accent:#{self.on_dark}"
        return (
            f":root{{{light}}}@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}"
            f":root[data-theme=dark]{{{dark}}}\n"
        )


def six_digits(text: str) -> str | None:
    """The colour that somebody typed, with or without #, as six small hex digits; "" for none, None when it is no
    colour."""
    wanted = text.strip().removeprefix("#").lower()
    return wanted if not wanted or HEX.fullmatch(wanted) else None


def contrast(one: str, other: str) -> float:
    """The contrast of two colours as WCAG counts it, 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def is_readable(accent: str) -> bool:
    """Whether the colour can stay as it is for text on light paper."""
    return contrast(accent.removeprefix("#"), LIGHT_PAPER) >= TEXT_CONTRAST


def _shifted(colour: str, paper: str, *, darker: bool) -> str:
    hue, lightness, saturation = colorsys.rgb_to_hls(*_parts(colour))
    for _step in range(100):
        found = "".join(
            f"{round(part * 255):02x}" for part in colorsys.hls_to_rgb(hue, lightness, saturation)
        )
        if contrast(found, paper) >= TEXT_CONTRAST:
            return found
        lightness = max(0.0, lightness - 0.01) if darker else min(1.0, lightness + 0.01)
    return "000000" if darker else "ffffff"


def readable_on(colour: str) -> str:
    """The colour of text on this colour; black reads on whatever neither of the others does."""
    return next((ink for ink in ("ffffff", "0b1214") if contrast(colour, ink) >= TEXT_CONTRAST), "000000")


def _parts(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[index : index + 2], 16) / 255 for index in (0, 2, 4))
    return red, green, blue


def _luminance(colour: str) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in _parts(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
