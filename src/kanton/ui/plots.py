"""Plots as SVG with direct labels and a table behind them; no script, readable in grey and by screen readers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from kanton.ui import formats

WIDTH, HEIGHT = 640, 220
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 12, 28

Points = Sequence[tuple[Any, float]]


def line(points: Points, *, title: Any, unit: Any = "", limit: float | None = None) -> SafeString:
    """A line over time or names. `limit` draws a dashed line with its value."""
    return _draw("line", points, title, unit, limit)


def bar(points: Points, *, title: Any, unit: Any = "", limit: float | None = None) -> SafeString:
    """Bars, one per name."""
    return _draw("bar", points, title, unit, limit)


def ticks(highest: float, wanted: int = 4) -> list[float]:
    """Round steps from 0 to at least `highest`."""
    if highest < 1e-9:
        return [0.0, 1.0]
    rough = highest / wanted
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999999)
    return [step * index for index in range(math.ceil(highest / step - 1e-9) + 1)]


def _draw(kind: str, points: Points, title: Any, unit: Any, limit: float | None) -> SafeString:
    named = [(str(name), float(value)) for name, value in points]
    highest = max([value for _name, value in named] + [limit or 0.0, 0.0])
    steps = ticks(highest)
    top = steps[-1]
    inner_width, inner_height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def y(value: float) -> float:
        return round(TOP + inner_height * (1 - max(0.0, value) / top), 1)

    slots = max(1, len(named))
    marks = []
    every = max(1, math.ceil(slots / 8))
    for index, (name, value) in enumerate(named):
        if kind == "bar":
            middle = LEFT + inner_width * (index + 0.5) / slots
        else:
            middle = LEFT + (inner_width * index / (slots - 1) if slots > 1 else inner_width / 2)
        wide = inner_width / slots
        marks.append(
            {
                "name": name,
                "value": formats.number(_tidy(value)),
                "x": round(middle, 1),
                "y": y(value),
                "left": round(middle - min(wide * 0.35, 24), 1),
                "width": round(min(wide * 0.7, 48), 1),
                "height": round(y(0) - y(value), 1),
                "labelled": index % every == 0,
            }
        )
    last = marks[-1] if marks else None
    return render_to_string(
        "ui/_plot.html",
        {
            "kind": kind,
            "title": title,
            "unit": unit,
            "marks": marks,
            "last": last,
            "path": " ".join(f"{mark['x']},{mark['y']}" for mark in marks),
            "floor": y(0),
            "grid": [{"y": y(step), "text": formats.number(_tidy(step))} for step in steps],
            "limit": {"y": y(limit), "text": formats.number(_tidy(limit))} if limit else None,
            "width": WIDTH,
            "height": HEIGHT,
            "left": LEFT,
            "right": WIDTH - RIGHT,
        },
    )


def _tidy(value: float) -> float | int:
    return int(value) if value == int(value) else round(value, 2)
