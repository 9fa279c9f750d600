"""Whether the values of a reading fit what the device's profile declares. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from shared.readings.compiled import LARGEST_INT, TEXT, Compiled, compiled

METRICS: Final = 64
NAME: Final = re.compile(r"[a-z][a-z0-9_.]{0,63}")
INFINITY: Final = float("inf")

Value = bool | int | float | str
# A metric's rule: the Python types its values may have, and for numbers the lowest and highest.
Rule = tuple[tuple[type, ...], float, float]

_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "number": (float, int),
    "boolean": (bool,),
    "text": (str,),
}
_WORDS: Final = {float: "number", int: "number", bool: "boolean", str: "text"}
# Names that were checked before: the pattern costs more than all the rest of a check.
_known: set[str] = set()
_MOST_KNOWN: Final = 20_000


@dataclass(frozen=True, slots=True)
class Profile:
    """What a device may send. `strict`: nothing that is not declared.

    `fast` takes most of what fits in one go; what it refuses `check` judges.
    """

    rules: Mapping[str, Rule] = field(default_factory=dict)
    strict: bool = False
    fast: Compiled | None = None


ANYTHING: Final = Profile()


def profile(metrics: Mapping[str, Mapping[str, Any]], *, strict: bool) -> Profile:
    """The profile for a `device_profile.metrics` document."""
    rules: dict[str, Rule] = {}
    for name, declared in metrics.items():
        low, high = declared.get("min"), declared.get("max")
        rules[name] = (
            _TYPES[declared["type"]],
            -INFINITY if low is None else low,
            INFINITY if high is None else high,
        )
    return Profile(rules, strict, compiled(metrics))


def known(values: Mapping[str, Value], fits: Profile) -> bool:
    """Whether `values` need no closer check: no profile, names that were seen before.

    For values that were decoded with their bounds.
    """
    return all_known((values,), fits)


def all_known(several: Iterable[Mapping[str, Value]], fits: Profile) -> bool:
    """Whether each of `several` is `known`."""
    if fits.rules or fits.strict:
        return False
    return all(0 < len(values) <= METRICS and values.keys() <= _known for values in several)


def check(  # noqa: PLR0911 - each way to fail is one line of the one loop that must be fast
    values: Mapping[str, Value], fits: Profile
) -> tuple[str, str] | None:
    """None if `values` (metric → value) are acceptable, else a code and a detail.

    Codes: bad_message (count, name or size), wrong_type, out_of_range, unknown_metric.
    """
    if not 0 < len(values) <= METRICS:
        return "bad_message", f"a reading has 1 to {METRICS} metrics, not {len(values)}"
    rules = fits.rules
    for name, value in values.items():
        kind = value.__class__
        if kind is int and not -LARGEST_INT <= value <= LARGEST_INT:  # type: ignore[operator]  # an int
            return "out_of_range", f"{name}: an integer is at most 2^53-1"
        rule = rules.get(name)
        if rule is None:
            problem = _undeclared(name, value, fits)
            if problem is not None:
                return problem
            continue
        types, low, high = rule
        if kind not in types:
            return "wrong_type", f"{name} is a {_WORDS[kind]}, declared {_WORDS[types[0]]}"
        if kind is str:
            problem = _long(name, value)
            if problem is not None:
                return problem
        elif not low <= value <= high:  # type: ignore[operator]  # a number
            return "out_of_range", _beyond(name, value, low, high)
    return None


def _undeclared(name: str, value: Value, fits: Profile) -> tuple[str, str] | None:
    if name not in _known and not _remember(name):
        return "bad_message", "a metric's name is [a-z][a-z0-9_.]{0,63}"
    if fits.strict:
        return "unknown_metric", f"{name} is not declared in the device's profile"
    return _long(name, value)


def _long(name: str, value: Value) -> tuple[str, str] | None:
    if isinstance(value, str) and len(value) > TEXT:
        return "bad_message", f"{name}: text is at most {TEXT} characters"
    return None


def _remember(name: str) -> bool:
    if NAME.fullmatch(name) is None:
        return False
    # Begun anew when full: whoever sends ever new names would slow everybody else for ever.
    if len(_known) >= _MOST_KNOWN:
        _known.clear()
    _known.add(name)
    return True


def _beyond(name: str, value: Value, low: float, high: float) -> str:
    return f"{name} {value} > {high}" if value > high else f"{name} {value} < {low}"  # type: ignore[operator]  # numbers
