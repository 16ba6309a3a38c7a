"""The measurements as a table for reading, JSON for programs, and a plot."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One figure. `aim` is a lower bound, or with `is_upper` an upper one; p50 and p99 in ms, cpu in µs each."""

    title: str
    value: float
    unit: str
    aim: float | None = None
    is_upper: bool = False
    p50: float | None = None
    p99: float | None = None
    cpu: float | None = None
    turns: list[float] = field(default_factory=list)

    @property
    def is_reached(self) -> bool | None:
        """Whether the aim is reached; None without one."""
        if self.aim is None:
            return None
        return self.value <= self.aim if self.is_upper else self.value >= self.aim


def number(value: float | None) -> str:
    """Three figures that count."""
    if value is None:
        return ""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def table(rows: list[Row]) -> str:
    """A Markdown table."""
    lines = [
        "| what | value | aim | p50 ms | p99 ms | CPU µs each | slowest to fastest turn |",
        "|---|---:|---|---:|---:|---:|---|",
    ]
    for row in rows:
        aim = ""
        if row.aim is not None:
            aim = f"{'≤' if row.is_upper else '≥'} {number(row.aim)} {'✓' if row.is_reached else '✗'}"
        spread = f"{number(min(row.turns))} – {number(max(row.turns))}" if row.turns else ""
        cells = [
            row.title,
            f"{number(row.value)} {row.unit}",
            aim,
            number(row.p50),
            number(row.p99),
            number(row.cpu),
            spread,
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def write(folder: Path, rows: list[Row], machine: str) -> None:
    """Write results.md, results.json, results.svg and results.png."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.md").write_text(f"{table(rows)}\n\n{machine}\n", encoding="utf-8")
    values = {"machine": machine, "rows": [asdict(row) | {"is_reached": row.is_reached} for row in rows]}
    (folder / "results.json").write_text(json.dumps(values, indent=1, ensure_ascii=False), encoding="utf-8")
    shares = [row for row in rows if row.unit == "×"]
    if shares:
        _plot(folder, shares, machine)


def _plot(folder: Path, shares: list[Row], machine: str) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(9, 0.7 * len(shares) + 1.6), layout="constrained")
    titles = [
        row.title.replace(", share of by hand", "").replace(", share of ", " against ") for row in shares
    ]
    places = list(range(len(shares), 0, -1))
    axes.barh(places, [row.value for row in shares], color="#0f6e78", height=0.55)
    for place, row in zip(places, shares, strict=True):
        axes.text(row.value + 0.01, place, f"{row.value:.2f}", va="center", fontsize=10)
        if row.aim is not None:
            axes.plot([row.aim, row.aim], [place - 0.4, place + 0.4], color="#b45309", linewidth=2)
            axes.text(
                row.aim,
                place + 0.43,
                f"aim {row.aim:g}",
                ha="center",
                va="bottom",
                fontsize=8,
                color="#b45309",
            )
    axes.set_yticks(places, titles)
    axes.set_xlim(0, max(1.0, *(row.value * 1.15 for row in shares)))
    axes.set_ylim(0.4, len(shares) + 0.8)
    axes.set_xlabel("share of the yardstick's rate, same server, same run")
    axes.set_title(machine, fontsize=8, color="#555555", loc="left")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(left=False)
    for suffix in ("svg", "png"):
        figure.savefig(folder / f"results.{suffix}", dpi=140)
    pyplot.close(figure)
