"""Figures: kept as JSON under var/bench, shown as one table beside the last run's."""

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from statistics import median

from rich.console import Console
from rich.table import Table

from tests.bench.machine import facts
from tests.support.servers import ROOT

# Of each figure: its value is their median.
RUNS = 3
FOLDER = ROOT / "var" / "bench"


@dataclass
class Figure:
    """One row: `runs` are the values measured, `reach` what is aimed at (at least, or at most)."""

    name: str
    unit: str
    runs: list[float] = field(default_factory=list)
    reach: float | None = None
    at_most: bool = False

    @property
    def value(self) -> float:
        return median(self.runs)

    @property
    def reached(self) -> bool:
        if self.reach is None:
            return True
        return self.value <= self.reach if self.at_most else self.value >= self.reach


def keep(suite: str, figures: list[Figure]) -> None:
    """Write the figures and print them beside those of the run before."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    before = _last(suite)
    at = datetime.now(UTC)
    document = {
        "suite": suite,
        "at": at.isoformat(timespec="seconds"),
        "machine": facts(),
        "figures": [asdict(figure) | {"value": figure.value} for figure in figures],
    }
    path = FOLDER / f"{suite}-{at:%Y%m%dT%H%M%S}.json"
    path.write_text(json.dumps(document, indent=1) + "\n")
    _show(suite, figures, before)


def _last(suite: str) -> dict[str, float]:
    kept = sorted(FOLDER.glob(f"{suite}-*.json"))
    if not kept:
        return {}
    return {item["name"]: item["value"] for item in json.loads(kept[-1].read_text())["figures"]}


def _show(suite: str, figures: list[Figure], before: dict[str, float]) -> None:
    table = Table(title=f"{suite} (median of {len(figures[0].runs)})", title_justify="left")
    for column in ("", "measured", "unit", "runs", "to reach", "last time"):
        table.add_column(column, justify="left" if column in ("", "unit") else "right")
    for figure in figures:
        sign = "≤" if figure.at_most else "≥"
        reach = "" if figure.reach is None else f"{sign} {_short(figure.reach)}"
        table.add_row(
            figure.name,
            f"[{'green' if figure.reached else 'red'}]{_short(figure.value)}",
            figure.unit,
            " ".join(_short(run) for run in figure.runs),
            reach,
            _short(before[figure.name]) if figure.name in before else "",
        )
    console = Console(width=max(Console().width, 120))
    console.print(table)
    machine = facts()
    console.print(f"{machine['cpu']}, {machine['cores']} cores; {machine['database']}")


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
