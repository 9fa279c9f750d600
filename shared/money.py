"""Quantities and money without floats: Decimal quantities, integer minor units."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation

from shared.errors import Invalid

LARGEST = Decimal(10) ** 18
# As many decimals as a quantity keeps (shared.models.base.Quantity).
PLACES = 12
# Python's own 28 digits would round a sum; DECIMAL(65), the widest of MySQL, fits in this.
EXACT = Context(prec=100)


def decimal(value: object) -> Decimal:
    """A finite Decimal of text, an integer or a float's shortest form; below 10^18 in size.

    Raises `Invalid` for anything else.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise Invalid(f"{type(value).__name__} is not a number")
    try:
        result = Decimal(repr(value) if isinstance(value, float) else value)
    except InvalidOperation:
        raise Invalid("not a number") from None
    if not result.is_finite() or result.copy_abs() >= LARGEST:
        raise Invalid("the number is not finite or too large")
    return result


def plain(value: Decimal) -> str:
    """A Decimal as text without exponent and without trailing zeros: 10.50 gives 10.5."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def round_half_up(value: Decimal, places: int = 0) -> Decimal:
    """Rounded to `places` decimals, halves away from zero."""
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def quantity(value: object) -> Decimal:
    """`decimal(value)` as a quantity is kept: to 12 decimals, halves away from zero."""
    return EXACT.plus(decimal(value).quantize(Decimal(1).scaleb(-PLACES), ROUND_HALF_UP, EXACT))


def total(values: Iterable[Decimal]) -> Decimal:
    """The exact sum; 0 of nothing."""
    result = Decimal(0)
    for value in values:
        result = EXACT.add(result, value)
    return result
