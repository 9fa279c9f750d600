"""Lines over numbers that rise by factors. Every point can be reached by keyboard."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from html import escape
from itertools import pairwise
from math import log10

from infra.plan.money import brief

# What is less is drawn here: a scale of factors has no zero.
LEAST = Decimal("0.01")
HEIGHT = 288  # of the drawing, in pixels; style.css says the same as 18rem


def plot(
    xs: Sequence[int],
    series: Mapping[str, Sequence[Decimal]],
    unit: str,
    goal: Decimal | None = None,
) -> str:
    """Both axes logarithmic; at most four series, each with its tone and its dashes."""
    values = [value for line in series.values() for value in line] + ([goal] if goal else [])
    ticks = _ticks(min(values), max(values))
    scale = _Scale(xs[0], xs[-1], ticks[0], ticks[-1])
    drawn = [*_grid(scale, ticks), *_goal(scale, goal)]
    for tone, (name, line) in zip("abcd", series.items(), strict=False):
        values_at = list(zip(xs, line, strict=True))
        drawn.append(f'<g class="t-{tone}">{_series(scale, values_at, name, unit)}</g>')
    return (
        f'<div class="plot"><div class="ys" aria-hidden="true">{_left(scale, ticks)}</div>'
        f'<svg role="group" aria-label="{escape(unit)}">{"".join(drawn)}</svg>'
        f'<div class="xs" aria-hidden="true">{_below(scale, xs)}</div></div>{_key(series, goal)}'
    )


class _Scale:
    def __init__(self, first: int, last: int, low: Decimal, high: Decimal) -> None:
        self._x = (log10(first), log10(last))
        self._y = (log10(low), log10(high))

    def x(self, value: int) -> str:
        """A share of the width, so that the drawing fits any page."""
        low, high = self._x
        return f"{(log10(value) - low) / (high - low) * 100:.2f}%"

    def y(self, value: Decimal) -> str:
        low, high = self._y
        return f"{HEIGHT - (log10(max(value, LEAST)) - low) / (high - low) * HEIGHT:.1f}"


def _ticks(low: Decimal, high: Decimal) -> list[Decimal]:
    """1, 2, 5 of every power of ten, or only 1 where that were many, around all values."""
    many = high > 1_000 * max(low, LEAST)
    steps = (1,) if many else (1, 2, 5)
    every = [Decimal(step).scaleb(power) for power in range(-2, 9) for step in steps]
    start = max(n for n, tick in enumerate(every) if tick <= max(low, LEAST))
    end = next(n for n, tick in enumerate(every) if tick >= high and n > start)
    return every[start : end + 1]


def _grid(scale: _Scale, ticks: Sequence[Decimal]) -> Iterator[str]:
    for tick in ticks:
        y = scale.y(tick)
        yield f'<line class="grid" x1="0" x2="100%" y1="{y}" y2="{y}"/>'


def _goal(scale: _Scale, goal: Decimal | None) -> Iterator[str]:
    if goal is not None:
        y = scale.y(goal)
        yield f'<line class="goal" x1="0" x2="100%" y1="{y}" y2="{y}"/>'


def _series(scale: _Scale, values: Sequence[tuple[int, Decimal]], name: str, unit: str) -> str:
    points = [(scale.x(at), scale.y(value)) for at, value in values]
    pieces = [
        f'<line class="series" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>'
        for (x1, y1), (x2, y2) in pairwise(points)
    ]
    for number, ((x, y), (at, value)) in enumerate(zip(points, values, strict=True)):
        side = "start" if number < len(values) / 2 else "end"
        said = f"{name}, {at:,}: {brief(value)} {unit}"
        pieces.append(
            f'<g class="point" tabindex="0" role="img" aria-label="{escape(said)}">'
            f'<circle class="dot" cx="{x}" cy="{y}" r="4"/>'
            f'<text class="tip" x="{x}" y="{y}" dy="-10" text-anchor="{side}">{escape(said)}</text>'
            "</g>"
        )
    return "".join(pieces)


def _left(scale: _Scale, ticks: Sequence[Decimal]) -> str:
    return "".join(f'<span style="top:{scale.y(tick)}px">{brief(tick)}</span>' for tick in ticks)


def _below(scale: _Scale, xs: Sequence[int]) -> str:
    """Every second one is left out on a phone."""
    return "".join(
        f'<span{" class=less" if number % 2 else ""} style="left:{scale.x(x)}">{x:,}</span>'
        for number, x in enumerate(xs)
    )


def _key(series: Mapping[str, Sequence[Decimal]], goal: Decimal | None) -> str:
    rows = [
        f'<li class="t-{tone}"><svg aria-hidden="true"><line class="series" x1="0" x2="100%" '
        f'y1="50%" y2="50%"/></svg>{escape(name)}</li>'
        for tone, name in zip("abcd", series, strict=False)
    ]
    if goal is not None:
        line = '<line class="goal" x1="0" x2="100%" y1="50%" y2="50%"/>'
        rows.append(f'<li><svg aria-hidden="true">{line}</svg>{goal:,} USD</li>')
    return f'<ul class="key">{"".join(rows)}</ul>'
