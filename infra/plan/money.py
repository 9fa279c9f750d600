"""Dollars and how sure they are: decimals in three, never a float."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Range:
    """A figure as low as it may be, as it is reckoned with, and as high as it may be."""

    low: Decimal
    likely: Decimal
    high: Decimal

    def __post_init__(self) -> None:
        if not self.low <= self.likely <= self.high:
            raise ValueError(f"{self.low}, {self.likely}, {self.high} do not rise")

    def __add__(self, other: "Range") -> "Range":
        return Range(self.low + other.low, self.likely + other.likely, self.high + other.high)

    def __mul__(self, other: "Range | Decimal | int") -> "Range":
        """The product of figures that are not below zero."""
        by = other if isinstance(other, Range) else exactly(other)
        return Range(self.low * by.low, self.likely * by.likely, self.high * by.high)

    def above(self, free: Decimal) -> "Range":
        """What is left over an allowance."""
        low, likely, high = (max(x - free, Decimal(0)) for x in (self.low, self.likely, self.high))
        return Range(low, likely, high)


def exactly(value: Decimal | int) -> Range:
    """A figure that is not in doubt."""
    figure = Decimal(value)
    return Range(figure, figure, figure)


def between(
    low: Decimal | str | int, likely: Decimal | str | int, high: Decimal | str | int
) -> Range:
    return Range(Decimal(low), Decimal(likely), Decimal(high))


NOTHING = exactly(0)


def total(ranges: Iterable[Range]) -> Range:
    return sum(ranges, NOTHING)


def cents(amount: Decimal) -> Decimal:
    """Rounded to whole cents, halves away from zero."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def usd(amount: Decimal) -> str:
    """`1,234.50`: an amount of dollars without its sign of currency."""
    return f"{cents(amount):,}"


def brief(value: Decimal) -> str:
    """A quantity or a price in as many digits as tell something: 438,000,000, 1.5, 0.03238."""
    if abs(value) >= 1_000:
        return f"{int(value.quantize(Decimal(1), ROUND_HALF_UP)):,}"
    if not value:
        return "0"
    places = 2 if abs(value) >= 1 else 3 - value.adjusted()
    text = format(value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP), "f")
    return text.rstrip("0").rstrip(".")
