"""What a line means by Python's own json: slow, plain, and written without a look at the parser."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

NOW = 1_763_740_800_000
DAY_MS = 86_400_000
LARGEST = 2**53 - 1
NAME = re.compile(r"[a-z][a-z0-9_.]{0,63}")
TYPES: Mapping[str, tuple[type, ...]] = {
    "number": (int, float),
    "boolean": (bool,),
    "text": (str,),
}


@dataclass(frozen=True)
class Declared:
    """A profile as its document, and the oldest time that is taken."""

    metrics: Mapping[str, Mapping[str, Any]]
    strict: bool
    oldest: int


class TwiceError(ValueError):
    """A key stands twice in one object."""


def decode(line: bytes) -> Any:
    """The line as JSON. Raises `RecursionError` or `ValueError`, so too for a key used twice."""
    found = json.loads(line.decode(), object_pairs_hook=_unique, parse_constant=_none)
    # Half of a surrogate pair is no text.
    if b"\\u" in line:
        json.dumps(found, ensure_ascii=False).encode()
    return found


def is_reading(found: Any, declared: Declared) -> bool:
    """Whether a line of this content must be taken as a reading; it may lack its number."""
    if not isinstance(found, dict) or not {"v"} <= found.keys() <= {"s", "t", "v"}:
        return False
    values = found["v"]
    return (
        _numbered(found)
        and _timely(found, declared.oldest)
        and isinstance(values, dict)
        and 0 < len(values) <= 64
        and all(_fits(name, value, declared) for name, value in values.items())
    )


def is_event(found: Any, declared: Declared, *, deepest: int) -> bool:
    """As `is_reading`, for an event whose data is at most `deepest` levels deep."""
    if not isinstance(found, dict) or not {"e"} <= found.keys() <= {"s", "t", "e", "d"}:
        return False
    name, data = found["e"], found.get("d", {})
    return (
        _numbered(found)
        and _timely(found, declared.oldest)
        and isinstance(name, str)
        and NAME.fullmatch(name) is not None
        and isinstance(data, dict)
        and _plain(data, deepest)
    )


def same(one: Any, other: Any) -> bool:
    """Whether two decoded values are the same, kinds included."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise TwiceError
    return found


def _none(name: str) -> NoReturn:
    raise ValueError(name)


def _whole(value: Any, low: int, high: int) -> bool:
    return type(value) is int and low <= value <= high


def _numbered(found: dict[str, Any]) -> bool:
    return "s" not in found or _whole(found["s"], 1, LARGEST)


def _timely(found: dict[str, Any], oldest: int) -> bool:
    return "t" not in found or _whole(found["t"], max(0, oldest), NOW + 600_000)


def _fits(name: str, value: Any, declared: Declared) -> bool:
    if NAME.fullmatch(name) is None or not _scalar(value):
        return False
    rule = declared.metrics.get(name)
    if rule is None:
        return not declared.strict
    if type(value) not in TYPES[rule["type"]]:
        return False
    return (
        bool(rule.get("min", -math.inf) <= value <= rule.get("max", math.inf))
        if (rule["type"] == "number")
        else True
    )


def _scalar(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= 256
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, bool) or _whole(value, -LARGEST, LARGEST)


def _plain(value: Any, deepest: int) -> bool:
    if isinstance(value, dict | list):
        inside = value.values() if isinstance(value, dict) else value
        return deepest > 0 and all(_plain(item, deepest - 1) for item in inside)
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, str | bool) or _whole(value, -LARGEST, LARGEST)
