"""A replay as one JSON document, with everything that it was reckoned from."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from infra.plan.scale import facts
from infra.plan.scale.outcome import Rates, Variation, helps, sampled

MOST_SAMPLES: Final = 240
USD_DIGITS: Final = 6


def document(found: Sequence[Variation], rate: Rates, *, missed: str) -> dict[str, Any]:
    """Seconds count from `begin`; dollars are text, as decimals are."""
    first = found[0].replay
    return {
        "ok": not missed,
        "missed": missed,
        "curve": {
            "name": first.curve.name,
            "title": first.curve.title,
            "begin": first.curve.begin.isoformat(),
            "seconds": first.curve.seconds,
            "arrivals": first.moments[-1].came - first.curve.connected,
            "of": first.what,
        },
        "service": _builtins(first.service),
        "seed": first.options.seed,
        "delays_s": facts.delays(first.options.delays),
        "helps": helps(found),
        "notes": list(first.notes),
        "variations": [_variation(one, rate) for one in found],
    }


def _variation(one: Variation, rate: Rates) -> dict[str, Any]:
    return {
        "title": one.title,
        "answers": _usd(_builtins(one.answers)),
        "events": _builtins(one.replay.events),
        "samples": [_usd(_builtins(s)) for s in sampled(one.replay, rate, MOST_SAMPLES)],
    }


def _usd(values: dict[str, Any]) -> dict[str, Any]:
    return {
        key: f"{float(value):.{USD_DIGITS}f}" if key.endswith("usd") else value
        for key, value in values.items()
    }


def _builtins(value: object) -> Any:
    return msgspec.to_builtins(value)
