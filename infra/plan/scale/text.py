"""A replay on a terminal."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

from infra.plan.scale.clock import span, spoken
from infra.plan.scale.outcome import Answers, Rates, Sample, Variation, helps, money, sampled
from infra.plan.scale.simulate import Replay

BLOCKS: Final = " ▁▂▃▄▅▆▇█"
WIDTH: Final = 72
HEIGHT: Final = 6
LABEL: Final = 9
MOST_EVENTS: Final = 14


def text(found: Sequence[Variation], rate: Rates) -> str:
    """Everything that is to be known of it, at most a hundred columns wide."""
    first = found[0]
    parts = [
        _head(first.replay),
        _answers(first),
        _charts(first.replay, sampled(first.replay, rate, WIDTH)),
        _events(first.replay),
        _table(found),
        helps(found),
        "\n".join(first.replay.notes),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(done: Replay) -> str:
    curve, service = done.curve, done.service
    size = f"{service.vcpu:g} vCPU, {service.memory / 1024:g} GB"
    times = f"{spoken(curve.begin)} to {spoken(curve.end)} UTC"
    return (
        f"{curve.title}\n{service.app}, tasks of {size}, {service.minimum} to {service.maximum};"
        f" {times}; seed {done.options.seed}"
    )


def unit_of(done: Replay) -> str:
    """What the fullest task is measured in."""
    return {"requests": "% of its CPU"}.get(done.what, done.what)


def facts_of(one: Variation) -> list[tuple[str, str, str]]:
    """The answers: what, the figure, and what else belongs to it."""
    done, a = one.replay, one.answers
    served = (
        (span(a.longest_s), f"half within {span(a.p50_s)}, 99 of 100 within {span(a.p99_s)}")
        if not a.unserved
        else (f"{a.unserved:,} are not", f"the others within {span(a.longest_s)}")
    )
    away = ("turned away for a while", f"{a.refused:,} times", "")
    return [
        ("everyone is served within", *served),
        ("highest backlog", *_when(done, a.highest_backlog, a.backlog_at, done.what)),
        *([] if done.what == "requests" else [away]),
        (
            "most tasks",
            f"{a.highest_tasks}",
            f"at {_at(done, a.tasks_at)}, {a.tasks_before} before",
        ),
        ("fullest task", *_when(done, a.fullest, a.fullest_at, unit_of(done))),
        ("cost of this time", f"{money(a.usd)} USD", f"{money(a.extra_usd)} of it for the peak"),
    ]


def _answers(one: Variation) -> str:
    rows = facts_of(one)
    width = max(len(name) for name, _, _ in rows)
    lines = (f"{name:<{width}}  {', '.join(filter(None, said))}" for name, *said in rows)
    return "\n".join(lines)


def _when(done: Replay, count: float, second: int, unit: str) -> tuple[str, str]:
    return (f"{count:,.0f} {unit}", f"at {_at(done, second)}") if count else ("none", "")


def _at(done: Replay, second: int) -> str:
    return spoken(done.curve.begin + timedelta(seconds=second))


def _charts(done: Replay, samples: Sequence[Sample]) -> str:
    charts = [
        _stacked("tasks (█ on demand, ▒ Spot)", samples),
        _chart(f"{done.what} waiting", samples, lambda s: s.waiting, 3),
        _chart(f"fullest task, {unit_of(done)}", samples, lambda s: s.most, 3),
        _chart("cost so far, USD", samples, lambda s: float(s.usd), 3),
    ]
    return "\n\n".join([*charts[:-1], charts[-1] + "\n" + _axis(done, samples)])


def _stacked(title: str, samples: Sequence[Sample]) -> str:
    top = max(1, *(s.on_demand + s.spot for s in samples))
    rows = []
    height = min(HEIGHT, top)
    for level in range(height, 0, -1):
        floor = top * (level - 1) / height
        cells = "".join(
            "█" if s.on_demand > floor else "▒" if s.on_demand + s.spot > floor else " "
            for s in samples
        )
        rows.append(f"{_label(top * level / height if level == height else None)}{cells}")
    return "\n".join([f"{' ' * LABEL}{title}", *(row.rstrip() for row in rows)])


def _chart(
    title: str, samples: Sequence[Sample], value: Callable[[Sample], float], height: int
) -> str:
    figures = [value(sample) for sample in samples]
    top = max(figures)
    if not top:
        return f"{' ' * LABEL}{title}: none"
    rows = []
    for level in range(height, 0, -1):
        # An eighth of a row is the least that is drawn of what is there at all.
        parts = (f / top * height - (level - 1) for f in figures)
        cells = "".join(
            BLOCKS[max(1 if level == 1 and f else 0, min(8, round(8 * part)), 0)]
            for part, f in zip(parts, figures, strict=True)
        )
        rows.append(f"{_label(top if level == height else None)}{cells}".rstrip())
    return "\n".join([f"{' ' * LABEL}{title}", *rows])


def _label(value: float | None) -> str:
    if value is None:
        return f"{'│':>{LABEL}}"
    figure = f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.2f}"
    return f"{figure:>{LABEL - 1}}│"


def _axis(done: Replay, samples: Sequence[Sample]) -> str:
    each = samples[1].second if len(samples) > 1 else 1
    marks = "".join("┬" if place % 12 == 0 else "─" for place in range(len(samples)))
    names = "".join(f"{_at(done, place * each)[:5]:<12}" for place in range(0, len(samples), 12))
    return f"{' ' * (LABEL - 1)}└{marks}\n{' ' * LABEL}{names}".rstrip()


def _events(done: Replay) -> str:
    if not done.events:
        return "The number of tasks did not change."
    shown = done.events[:MOST_EVENTS]
    lines = [f"{_at(done, event.second)}  {event.said}" for event in shown]
    if len(done.events) > len(shown):
        lines.append(f"{len(done.events) - len(shown)} more")
    return "\n".join(lines)


def _row(title: str, a: Answers) -> tuple[str, ...]:
    longest = f"{a.longest_s:,} s" if not a.unserved else "not all"
    backlog, tasks = f"{a.highest_backlog:,}", f"{a.highest_tasks}"
    return title, longest, backlog, tasks, f"{a.fullest:,.0f}", money(a.usd)


def table(found: Sequence[Variation]) -> list[tuple[str, ...]]:
    """The variations beside each other, with a first row of names."""
    fullest = f"fullest ({unit_of(found[0].replay)})"
    head = ("", "served within", "backlog", "tasks", fullest, "USD")
    return [head, *(_row(one.title, one.answers) for one in found)]


def _table(found: Sequence[Variation]) -> str:
    rows = table(found)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            f"{cell:<{width}}" if place == 0 else f"{cell:>{width}}"
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
