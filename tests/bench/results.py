"""Figures: kept as JSON under var/bench, shown as one table beside the last run's."""

import json
from collections.abc import Iterable, Mapping
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
    """One row: `runs` are the values measured, `reach` what is aimed at (at least, or at most).

    `own`: for each run the database's own rate, measured beside it.
    """

    name: str
    unit: str
    runs: list[float] = field(default_factory=list)
    reach: float | None = None
    at_most: bool = False
    own: list[float] = field(default_factory=list)

    @property
    def value(self) -> float:
        return median(self.runs)

    @property
    def share(self) -> float | None:
        """The measured values as shares of the database's own rate; their median."""
        if not self.own:
            return None
        return median(run / own for run, own in zip(self.runs, self.own, strict=True))

    @property
    def reached(self) -> bool:
        if self.reach is None:
            return True
        return self.value <= self.reach if self.at_most else self.value >= self.reach


def keep(suite: str, figures: list[Figure], how: Mapping[str, object] | None = None) -> None:
    """Write the figures and print them beside those of the run before. `how`: what was chosen."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    before = _last(suite)
    at = datetime.now(UTC)
    document = {
        "suite": suite,
        "at": at.isoformat(timespec="seconds"),
        "machine": facts(),
        "how": how or {},
        "figures": [
            asdict(figure) | {"value": figure.value, "share": figure.share} for figure in figures
        ],
    }
    path = FOLDER / f"{suite}-{at:%Y%m%dT%H%M%S}.json"
    path.write_text(json.dumps(document, indent=1) + "\n")
    _show(suite, figures, before)


def joined(figures: Iterable[Figure]) -> list[Figure]:
    """Figures of the same name as one, with the runs of all."""
    found: dict[str, Figure] = {}
    for figure in figures:
        if figure.name in found:
            found[figure.name].runs += figure.runs
            found[figure.name].own += figure.own
        else:
            found[figure.name] = figure
    return list(found.values())


def _last(suite: str) -> dict[str, float]:
    """What each figure was when it was last measured; a run may have measured only some."""
    last: dict[str, float] = {}
    for path in sorted(FOLDER.glob(f"{suite}-*.json")):
        for item in json.loads(path.read_text())["figures"]:
            last[item["name"]] = item["value"]
    return last


def _show(suite: str, figures: list[Figure], before: dict[str, float]) -> None:
    table = Table(title=f"{suite} (medians)", title_justify="left")
    shares = any(figure.own for figure in figures)
    columns = ["", "measured", "unit", "runs", "to reach", "last time"]
    columns[4:4] = ["of own"] if shares else []
    for column in columns:
        table.add_column(column, justify="left" if column in ("", "unit") else "right")
    for figure in figures:
        sign = "≤" if figure.at_most else "≥"
        cells = [
            figure.name,
            f"[{'green' if figure.reached else 'red'}]{_short(figure.value)}",
            figure.unit,
            _runs(figure.runs),
            "" if figure.reach is None else f"{sign} {_short(figure.reach)}",
            _short(before[figure.name]) if figure.name in before else "",
        ]
        cells[4:4] = ["" if figure.share is None else f"{figure.share:.2f}"] if shares else []
        table.add_row(*cells)
    console = Console(width=max(Console().width, 140))
    console.print(table)
    machine = facts()
    console.print(f"{machine['cpu']}, {machine['cores']} cores; {machine['database']}")


def _runs(runs: list[float]) -> str:
    if len(runs) > RUNS:
        return f"{_short(min(runs))} … {_short(max(runs))}"
    return " ".join(map(_short, runs))


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
