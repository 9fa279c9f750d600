"""An event and the numbers in it. Pure."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from shared.errors import Invalid
from shared.money import quantity

Key = tuple[int, int, int, int]
"""An event's identity: device (its row), device time in ms, boot, sequence number."""

_DECIMAL: Final = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,60})?([eE][+-]?[0-9]{1,3})?")


@dataclass(frozen=True, slots=True)
class Event:
    """`data` is a JSON object whose numbers are int and Decimal, as they were sent."""

    key: Key
    name: str
    data: dict[str, Any]

    @property
    def ts(self) -> int:
        return self.key[1]


class NoNumber(Invalid):
    """`reason`: `missing` or `not_a_number`."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the field is {reason}")
        self.reason = reason


def number(data: dict[str, Any], field: str) -> Decimal:
    """The quantity in `field`: a JSON number or decimal text. Raises `NoNumber`."""
    if field not in data:
        raise NoNumber("missing")
    value = data[field]
    if isinstance(value, str) and not _DECIMAL.fullmatch(value):
        raise NoNumber("not_a_number")
    try:
        return quantity(value)
    except Invalid:
        raise NoNumber("not_a_number") from None
