"""How many points an event earns, and for whom. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal
from typing import Any, Final, Literal

from shared.events.event import Event, Key, NoNumber, number
from shared.money import EXACT

Rounding = Literal["down", "half_up", "up"]

# A million events of a member still fit into a BIGINT.
MOST_POINTS: Final = 10**12
LONGEST_TAG: Final = 128
_MODES: Final[Mapping[str, str]] = {"down": ROUND_DOWN, "half_up": ROUND_HALF_UP, "up": ROUND_UP}


@dataclass(frozen=True, slots=True)
class Rule:
    """`points_per_unit` of the number in `field` of an event from `starts` until before `ends`
    (device time in ms). `source` names the rule in the ledger.
    """

    id: int
    source: str
    programme_id: int
    event: str
    field: str
    member_field: str
    points_per_unit: Decimal
    rounding: Rounding
    starts: int | None = None
    ends: int | None = None


@dataclass(frozen=True, slots=True)
class Earning:
    """Points, above 0, that a rule gives for an event to whoever has the tag."""

    rule_id: int
    source: str
    programme_id: int
    tag: str
    key: Key
    points: int


class NothingEarned(Exception):
    """`reason`: missing, not_a_number, no_tag, too_many_points, or none when nothing is wrong."""

    def __init__(self, reason: str | None) -> None:
        super().__init__(reason)
        self.reason = reason


def points(amount: Decimal, per_unit: Decimal, rounding: Rounding) -> int:
    """The exact product, rounded to whole points; 0 if it is below 0."""
    product = EXACT.multiply(amount, per_unit)
    return max(0, int(product.to_integral_value(_MODES[rounding], EXACT)))


def earnings(events: Iterable[Event], rules: Iterable[Rule]) -> tuple[list[Earning], list[str]]:
    """What `rules` give for `events`, and a reason for each time that an event was unusable."""
    by_event: dict[str, list[Rule]] = {}
    for rule in rules:
        by_event.setdefault(rule.event, []).append(rule)
    earned: list[Earning] = []
    unusable: list[str] = []
    for event in events:
        for rule in by_event.get(event.name, ()):
            try:
                earned.append(_earning(event, rule))
            except NothingEarned as outcome:
                unusable.extend([outcome.reason] if outcome.reason else [])
    return earned, unusable


def tag_of(data: Mapping[str, Any], field: str) -> str | None:
    """The tag that an event names: text, or an integer as text. Spaces around it are no part."""
    value = data.get(field)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    tag = str(value).strip()
    return tag if 0 < len(tag) <= LONGEST_TAG and tag.isprintable() else None


def _earning(event: Event, rule: Rule) -> Earning:
    early = rule.starts is not None and event.ts < rule.starts
    late = rule.ends is not None and event.ts >= rule.ends
    if early or late:
        raise NothingEarned(None)
    try:
        amount = number(event.data, rule.field)
    except NoNumber as problem:
        raise NothingEarned(problem.reason) from None
    tag = tag_of(event.data, rule.member_field)
    if tag is None:
        raise NothingEarned("no_tag")
    given = points(amount, rule.points_per_unit, rule.rounding)
    if given > MOST_POINTS:
        raise NothingEarned("too_many_points")
    if given == 0:
        raise NothingEarned(None)
    return Earning(rule.id, rule.source, rule.programme_id, tag, event.key, given)
