"""Cells of a CSV file as values of readings and events. Pure, exact."""

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final
from zoneinfo import ZoneInfo

from shared.clock import from_ms, rfc3339, to_ms

LARGEST_INT: Final = 2**53 - 1
MISSING: Final = frozenset({"", "na", "n/a", "nan", "null", "none"})
_INTEGER: Final = re.compile(r"[+-]?\d{1,16}")
_TRUTHS: Final = {
    **dict.fromkeys(("1", "true", "yes", "on", "t", "y"), True),
    **dict.fromkeys(("0", "false", "no", "off", "f", "n"), False),
}

Value = float | int | bool | str


def number(text: str) -> float | int:
    """An integer where the text is one, else the float nearest to it."""
    if _INTEGER.fullmatch(text):
        return integer(text)
    value = float(text)
    if not math.isfinite(value):
        raise ValueError
    return value


def integer(text: str) -> int:
    """An integer of at most 2^53-1 in size."""
    value = int(text)
    if abs(value) > LARGEST_INT:
        raise ValueError
    return value


def boolean(text: str) -> bool:
    """1 or 0, true or false, yes or no, on or off."""
    return _TRUTHS[text.lower()]


def decimal(text: str) -> str:
    """A decimal number as the text that it is in the file, so that nothing is rounded."""
    if not Decimal(text).is_finite():
        raise ValueError
    return text


def cents(text: str) -> int:
    """An amount with up to two decimals as hundredths, exactly."""
    hundredths = Decimal(text) * 100
    if hundredths != hundredths.to_integral_value():
        raise ValueError
    return integer(str(int(hundredths)))


KINDS: Final[dict[str, Callable[[str], Value]]] = {
    "number": number,
    "integer": integer,
    "boolean": boolean,
    "text": str,
    "decimal": decimal,
    "cents": cents,
}
# The row's time plus this column's hours, as RFC 3339.
END: Final = "end"


def convert(kind: str, text: str, at_ms: int) -> Value:
    """A cell as a value of `kind`. Raises `ValueError` that says what it is not."""
    try:
        if kind == END:
            seconds = round(Decimal(text) * 3600)
            return rfc3339(to_ms(from_ms(at_ms) + timedelta(seconds=seconds)))
        return KINDS[kind](text)
    except (ValueError, KeyError, InvalidOperation, OverflowError):
        wanted = "number of hours" if kind == END else kind
        raise ValueError(f"is not a {wanted}") from None


def moment(text: str, form: str, zone: ZoneInfo, century: int) -> int:
    """A time of a row in epoch ms. `form`: a strptime format, `iso`, `s` or `ms`.

    A time without an offset is local time of `zone`; one that comes twice when clocks go back is
    the first, one that clocks skip counts with the offset before. `century` is added to years
    below 100. Raises `ValueError`.
    """
    if form in ("ms", "s"):
        return int(Decimal(text) * (1000 if form == "s" else 1))
    at = datetime.fromisoformat(text) if form == "iso" else datetime.strptime(text, form)  # noqa: DTZ007 - the zone comes next
    if at.year < 100:
        at = at.replace(year=at.year + century)
    if at.tzinfo is None:
        at = at.replace(tzinfo=zone)
    return to_ms(at.astimezone(UTC))
