"""A replay as one HTML page that needs nothing else."""

import json
from collections.abc import Iterable, Sequence
from datetime import timedelta
from html import escape
from pathlib import Path
from typing import Final

from infra.plan.pages import shell
from infra.plan.scale import capacity, facts, svg
from infra.plan.scale.clock import span, spoken
from infra.plan.scale.facts import Fact
from infra.plan.scale.outcome import Rates, Sample, Variation, helps, money, sampled
from infra.plan.scale.simulate import Replay
from infra.plan.scale.text import facts_of, table, unit_of

CSS: Final = Path(__file__).with_name("page.css")
SCRIPT: Final = Path(__file__).with_name("page.js")


def page(found: Sequence[Variation], rate: Rates, *, missed: str) -> str:
    """The answers, the charts with a cursor, what changed the tasks, and what it rests on."""
    first = found[0]
    samples = sampled(first.replay, rate, svg.MOST_SAMPLES)
    time = "".join(_charts(found, rate))
    return shell.page(
        first.replay.curve.title,
        _lead(first.replay) + _verdict(found, missed),
        [
            ("answers", "", shell.facts(facts_of(first))),
            ("minimums", "With other minimums", _compared(found)),
            ("time", "Over time (UTC)", f'<div class="over">{time}</div>{_moment(samples)}'),
            ("changes", "What changed the number of tasks", _events(first.replay)),
            *([("notes", "Notes", shell.items(first.replay.notes))] if first.replay.notes else []),
            ("figures", "The figures", _data(first.replay, samples)),
            ("rests", "What this rests on", _assumed(first.replay)),
        ],
        shell.paragraph("Written by fortress plan scale; docs/scaling.md says how it reckons."),
        style=CSS.read_text("utf-8"),
        script=_script(first.replay, samples),
    )


def _lead(done: Replay) -> str:
    curve, service = done.curve, done.service
    times = f"{curve.begin:%d %B %Y}, {spoken(curve.begin)[:5]} to {spoken(curve.end)[:5]} UTC"
    said = (
        f"{service.app}: tasks of {service.vcpu:g} vCPU and {service.memory / 1024:g} GB,"
        f" {service.minimum} to {service.maximum} of them. {times}. Seed {done.options.seed}."
    )
    return shell.paragraph(said, "soft")


def _verdict(found: Sequence[Variation], missed: str) -> str:
    a = found[0].answers
    if a.unserved:
        said = f"{a.unserved:,} of {a.came:,} {found[0].replay.what} are not served."
    else:
        said = f"Everyone is served within {span(a.longest_s)}."
    missed_ = f" That is missed: {missed}." if missed else ""
    kind = "verdict missed" if missed or a.unserved else "verdict"
    return shell.paragraph(f"{said}{missed_} {helps(found)}", kind)


def _compared(found: Sequence[Variation]) -> str:
    head, *rows = table(found)
    return shell.table("Other minimums", ("The same load", *head[1:]), rows, right=range(1, 6))


def _charts(found: Sequence[Variation], rate: Rates) -> Iterable[str]:
    other = found[1] if len(found) > 1 else None
    beside = None if other is None else other.replay
    title = "" if other is None else other.title
    for chart in svg.charts(found[0].replay, rate, beside, title):
        names = "".join(
            f'<span><i class="{"dash" if layer.colour == "soft" else layer.colour}"></i>'
            f"{escape(layer.name)}</span>"
            for layer in chart.layers
        )
        if svg.empty(chart):
            names, drawn = "", "<p>None, at any time.</p>"
        else:
            drawn = svg.draw(chart, found[0].replay)
        title_ = f"<figcaption><b>{escape(chart.title)}</b>{names}</figcaption>"
        yield f"<figure>{title_}{drawn}</figure>"


def _moment(samples: Sequence[Sample]) -> str:
    return (
        '<div class="moment"><label for="moment">The moment (arrow keys move it)</label>'
        f'<input type="range" id="moment" min="0" max="{len(samples) - 1}" value="0">'
        '<output id="then" for="moment"></output></div>'
    )


def _script(done: Replay, samples: Sequence[Sample]) -> str:
    data = {
        "left": svg.LEFT,
        "width": svg.WIDTH - svg.LEFT - svg.RIGHT,
        "whole": svg.WIDTH,
        "count": len(samples),
        "rows": [_then(done, sample) for sample in samples],
    }
    text = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
    script = SCRIPT.read_text("utf-8")
    return f'<script type="application/json" id="samples">{text}</script><script>{script}</script>'


def _then(done: Replay, sample: Sample) -> list[str]:
    most = f"fullest {sample.most:,.0f} {unit_of(done)}"
    return [
        _at(done, sample.second),
        f"{sample.on_demand} on demand, {sample.spot} Spot",
        f"{sample.waiting:,} waiting",
        f"{most}, average {sample.average:,.0f}",
        f"{money(sample.usd)} USD",
    ]


def _at(done: Replay, second: int) -> str:
    return spoken(done.curve.begin + timedelta(seconds=second))


def _events(done: Replay) -> str:
    if not done.events:
        return shell.paragraph("Nothing did.")
    rows = [(_at(done, event.second), event.said) for event in done.events]
    return shell.table("Changes", ("Time", "What happened"), rows)


def _data(done: Replay, samples: Sequence[Sample]) -> str:
    head = ("Time", "on demand", "Spot", "waiting", "turned away", "fullest", "average")
    rows = [
        (
            _at(done, s.second),
            f"{s.on_demand}",
            f"{s.spot}",
            f"{s.waiting:,}",
            f"{s.refused:,}",
            f"{s.most:,.0f}",
            f"{s.average:,.0f}",
            "" if s.p50_s is None else f"{s.p50_s}",
            "" if s.p99_s is None else f"{s.p99_s}",
            money(s.usd),
        )
        for s in samples
    ]
    names = (*head, "p50, s", "p99, s", "USD so far")
    return shell.folded("Of every chart", shell.table("Figures", names, rows, right=range(1, 10)))


def _assumed(done: Replay) -> str:
    now = facts.delays(done.options.delays)
    rows = [
        (name.replace("_", " "), f"{now[name]:g} s", _source(fact))
        for name, fact in facts.DELAYS.items()
    ]
    rows += [(name, f"{fact.value:g} {fact.unit}", _source(fact)) for name, fact in _others()]
    table_ = shell.table("Assumptions", ("What", "taken as", "from"), rows, right=[1], wide=[2])
    return shell.folded("Delays of the platform, and what a task can take", table_)


def _others() -> Iterable[tuple[str, Fact]]:
    for module in (facts, capacity):
        for name, fact in vars(module).items():
            if isinstance(fact, Fact):
                yield name.removesuffix("_S").replace("_", " ").lower(), fact


def _source(fact: Fact) -> str:
    return fact.source if fact.confirmed else f"{fact.source} (not confirmed)"
