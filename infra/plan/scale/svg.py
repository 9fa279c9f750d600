"""Charts of a replay as SVG: areas and steps over time, with their axes."""

import math
from collections.abc import Callable, Sequence
from datetime import timedelta
from html import escape
from pathlib import Path
from typing import Final

import msgspec

from infra.plan.pages import shell
from infra.plan.scale.clock import spoken
from infra.plan.scale.outcome import Rates, Sample, sampled
from infra.plan.scale.simulate import Replay

WIDTH, HEIGHT = 720, 170
LEFT, RIGHT, TOP, BOTTOM = 52, 8, 8, 24
MOST_SAMPLES: Final = 240
# Seconds between times on the axis, and how many times there may be.
TICKS_S: Final = (60, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400)
MOST_TICKS: Final = 6
STYLE: Final = Path(__file__).with_name("page.css")

Value = Callable[[Sample], float | None]


class Layer(msgspec.Struct, frozen=True):
    """One quantity of a chart: `kind` is `area`, stacked on those before it, or `line`."""

    name: str
    kind: str
    colour: str
    value: Value
    samples: Sequence[Sample]


class Chart(msgspec.Struct, frozen=True):
    """`title` with its unit."""

    title: str
    layers: tuple[Layer, ...]


def charts(done: Replay, rate: Rates, other: Replay | None, title: str) -> list[Chart]:
    """What is drawn of a replay, beside another one of that title."""
    mine = sampled(done, rate, MOST_SAMPLES)
    found = [
        Chart(
            "Tasks that run",
            (
                Layer("on demand", "area", "one", lambda s: s.on_demand, mine),
                Layer("Spot", "area", "two", lambda s: s.spot, mine),
            ),
        ),
        Chart(
            f"{done.what.capitalize()} that wait",
            (Layer("waiting", "area", "three", lambda s: s.waiting, mine),),
        ),
        Chart(
            "CPU of a task, %"
            if done.what == "requests"
            else f"{done.what.capitalize()} on a task",
            (
                Layer("the fullest", "line", "three", lambda s: s.most, mine),
                Layer("the average", "line", "one", lambda s: s.average, mine),
            ),
        ),
        Chart(
            "Waits of those served, seconds",
            (
                Layer("99 of 100 within", "line", "three", lambda s: s.p99_s, mine),
                Layer("half within", "line", "one", lambda s: s.p50_s, mine),
            ),
        ),
        Chart(
            "Cost so far, USD",
            (Layer("as the template says", "line", "one", lambda s: float(s.usd), mine),),
        ),
    ]
    return found if other is None else _beside(found, sampled(other, rate, MOST_SAMPLES), title)


def _beside(found: Sequence[Chart], other: Sequence[Sample], title: str) -> list[Chart]:
    """The tasks and the cost of another replay too, dashed."""
    tasks = Layer(title, "line", "soft", lambda s: s.on_demand + s.spot, other)
    cost = Layer(title, "line", "soft", lambda s: float(s.usd), other)
    first, *rest, last = found
    return [
        Chart(first.title, (*first.layers, tasks)),
        *rest,
        Chart(last.title, (*last.layers, cost)),
    ]


def empty(chart: Chart) -> bool:
    """Whether there is nothing to draw."""
    return not _top(chart)


def draw(chart: Chart, done: Replay) -> str:
    """One chart. It has a title for those who do not see it."""
    top = _nice(_top(chart))
    parts = [_grid(top), _times(done, chart.layers[0].samples)]
    base = [0.0] * len(chart.layers[0].samples)
    for layer in chart.layers:
        if layer.kind == "area":
            above = [b + (layer.value(s) or 0) for b, s in zip(base, layer.samples, strict=True)]
            parts.append(_area(layer, base, above, top))
            base = above
        else:
            parts.append(_line(layer, top))
    parts.append(f'<line class="cursor" x1="0" x2="0" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>')
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
        f' aria-label="{escape(chart.title)} over time">{"".join(parts)}</svg>'
    )


def drawing(done: Replay, rate: Rates) -> str:
    """All charts below each other, as one file by itself."""
    found = [chart for chart in charts(done, rate, None, "") if not empty(chart)]
    each = HEIGHT + 28
    parts = "".join(
        f'<g class="over" transform="translate(0 {place * each})"><text class="said" x="{LEFT}"'
        f' y="18">{_legend(chart)}</text><g transform="translate(0 24)">{draw(chart, done)}</g></g>'
        for place, chart in enumerate(found)
    )
    # The charts are drawn in boxes of their own, which need their size here.
    parts = parts.replace('<svg class="chart"', f'<svg width="{WIDTH}" height="{HEIGHT}"')
    size = f'viewBox="0 0 {WIDTH} {each * len(found)}" width="{WIDTH}"'
    style = shell.STYLE.read_text("utf-8") + STYLE.read_text("utf-8").replace("width: 100%;", "")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}><title>{escape(done.curve.title)}</title>'
        f"<style>{escape(style, quote=False)}</style>"
        f'<rect width="100%" height="100%" style="fill: var(--ground)"/>{parts}</svg>\n'
    )


def _legend(chart: Chart) -> str:
    names = {"one": "blue", "two": "orange", "three": "red", "soft": "dashed"}
    said = ", ".join(f"{layer.name} {names[layer.colour]}" for layer in chart.layers)
    return escape(f"{chart.title} ({said})" if len(chart.layers) > 1 else chart.title)


def _top(chart: Chart) -> float:
    count = len(chart.layers[0].samples)
    stacked = [
        sum(layer.value(layer.samples[at]) or 0 for layer in chart.layers if layer.kind == "area")
        for at in range(count)
    ]
    lines = [
        layer.value(sample) or 0
        for layer in chart.layers
        if layer.kind == "line"
        for sample in layer.samples
    ]
    return max([*stacked, *lines])


def _nice(top: float) -> float:
    """The next round figure, so that a half and a quarter of it are round too."""
    if top <= 0:
        return 1.0
    size = 10.0 ** math.floor(math.log10(top))
    return next(step * size for step in (1, 2, 3, 4, 5, 6, 8, 10) if step * size >= top)


def _grid(top: float) -> str:
    parts = []
    for share in (0.0, 0.5, 1.0):
        y = _y(top * share, top)
        kind = "grid" if share else "axis"
        parts.append(f'<line class="{kind}" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>')
        parts.append(
            f'<text x="{LEFT - 6}" y="{y + 4:g}" text-anchor="end">{_figure(top * share)}</text>'
        )
    return "".join(parts)


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:.3g}"


def _times(done: Replay, samples: Sequence[Sample]) -> str:
    """Round times: the shortest step of `TICKS_S` that leaves few enough of them."""
    seconds = len(samples) * _each(samples)
    step = next((s for s in TICKS_S if seconds / s <= MOST_TICKS), TICKS_S[-1])
    midnight = done.curve.begin.replace(hour=0, minute=0, second=0, microsecond=0)
    first = -int((done.curve.begin - midnight).total_seconds()) % step
    parts, bottom = [], HEIGHT - BOTTOM
    for second in range(first, seconds + 1, step):
        x = round(LEFT + (WIDTH - LEFT - RIGHT) * second / seconds, 1)
        at = spoken(done.curve.begin + timedelta(seconds=second))
        anchor = "end" if x > WIDTH - RIGHT - 12 else "middle"
        parts.append(
            f'<line class="axis" x1="{x}" x2="{x}" y1="{bottom}" y2="{bottom + 4}"/>'
            f'<text x="{x}" y="{HEIGHT - 6}" text-anchor="{anchor}">{at[:5]}</text>'
        )
    return "".join(parts)


def _each(samples: Sequence[Sample]) -> int:
    return samples[1].second if len(samples) > 1 else 1


def _x(at: float, count: int) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * at / count, 1)


def _y(value: float, top: float) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top, 1)


def _area(layer: Layer, base: Sequence[float], above: Sequence[float], top: float) -> str:
    count = len(above)
    if all(low == high for low, high in zip(base, above, strict=True)):
        return ""
    up = " ".join(
        f"{_x(at, count)},{_y(v, top)} {_x(at + 1, count)},{_y(v, top)}"
        for at, v in enumerate(above)
    )
    down = " ".join(
        f"{_x(at + 1, count)},{_y(base[at], top)} {_x(at, count)},{_y(base[at], top)}"
        for at in reversed(range(count))
    )
    return f'<polygon class="area-{layer.colour}" points="{up} {down}"/>'


def _line(layer: Layer, top: float) -> str:
    """Steps; where there is no figure, there is no line."""
    count = len(layer.samples)
    path, pen = [], "M"
    for at, sample in enumerate(layer.samples):
        value = layer.value(sample)
        if value is None:
            pen = "M"
            continue
        y = _y(value, top)
        path.append(f"{pen}{_x(at, count)},{y} L{_x(at + 1, count)},{y}")
        pen = "L"
    return f'<path class="line-{layer.colour}" d="{" ".join(path)}"/>' if path else ""
