"""What `fortress plan scale` does with its options: reads, replays, answers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from infra.plan import prices
from infra.plan.scale import curves, template
from infra.plan.scale.clock import at_second
from infra.plan.scale.document import document
from infra.plan.scale.outcome import Rates, Variation, rates, variations
from infra.plan.scale.page import page
from infra.plan.scale.simulate import Options
from infra.plan.scale.svg import drawing
from infra.plan.scale.text import text
from shared.errors import Invalid

SYNTH: Final = Path("var/synth")


class Asked(msgspec.Struct, frozen=True):
    """The options as they were given. Empty or none: not given."""

    arrivals: str
    app: str = ""
    environment: str = "production"
    seed: int = 0
    within_s: int | None = None
    minimum: int | None = None
    interrupt_spot: str = ""
    spot_away_s: int = 600
    delay: Sequence[str] = ()
    synth: Path = SYNTH


class Planned(msgspec.Struct, frozen=True):
    """What came of it. `missed`: what was asked for within a time did not happen, in a sentence."""

    found: Sequence[Variation]
    rate: Rates
    missed: str

    @property
    def text(self) -> str:
        return text(self.found, self.rate)

    @property
    def document(self) -> dict[str, Any]:
        return document(self.found, self.rate, missed=self.missed)

    @property
    def page(self) -> str:
        return page(self.found, self.rate, missed=self.missed)

    @property
    def drawing(self) -> str:
        return drawing(self.found[0].replay, self.rate)


def plan(asked: Asked) -> Planned:
    """Replay what was asked. Raises `Invalid` and `ConfigurationError`, each with a remedy."""
    curve = curves.load(asked.arrivals, asked.app)
    templates = template.load(asked.synth / asked.environment)
    service = template.service(templates, curve.app)
    options = Options(
        seed=asked.seed,
        interrupt_at=_time(asked.interrupt_spot),
        spot_away_s=asked.spot_away_s,
        delays=_delays(asked.delay),
    )
    rate = rates(service, prices.load())
    found = variations(curve, service, options, rate, asked.minimum)
    return Planned(found, rate, _missed(found[0], asked.within_s))


def _time(text_: str) -> Any:
    if not text_:
        return None
    try:
        return at_second(text_)
    except ValueError:
        raise Invalid(
            f"--interrupt-spot: {text_!r} is no time, such as 03:20 or 03:20:30"
        ) from None


def _delays(given: Sequence[str]) -> Mapping[str, float]:
    found = {}
    for one in given:
        name, _, seconds = one.partition("=")
        try:
            found[name] = float(seconds)
        except ValueError:
            raise Invalid(f"--delay: {one!r} is not NAME=SECONDS") from None
    return found


def _missed(first: Variation, within_s: int | None) -> str:
    if within_s is None:
        return ""
    a = first.answers
    if a.unserved:
        return f"{a.unserved:,} were not served; {within_s} s were asked for"
    if a.longest_s > within_s:
        return f"the slowest waited {a.longest_s} s; {within_s} s were asked for"
    return ""
