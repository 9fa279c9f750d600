"""The dated table of prices, `prices.toml`, and what may be asked of it."""

import tomllib
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

import msgspec

from infra.plan.money import Range
from shared.errors import ConfigurationError

FILE = Path(__file__).with_name("prices.toml")


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a price is published and when it was looked at."""

    url: str
    read: date


class Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Dollars for one `unit`, or a share `of` something. `source` names an entry of the table."""

    price: Decimal
    unit: str
    source: str
    confirmed: bool
    low: Decimal | None = None
    high: Decimal | None = None
    note: str = ""

    @property
    def range(self) -> Range:
        low = self.price if self.low is None else self.low
        return Range(low, self.price, self.price if self.high is None else self.high)


class Prices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All prices of one region on one day."""

    date: date
    region: str
    sources: dict[str, Source]
    prices: dict[str, Price]

    def __getitem__(self, item: str) -> Price:
        """Raises `ConfigurationError` for an item without a price: a gap is never a zero."""
        try:
            return self.prices[item]
        except KeyError:
            raise ConfigurationError(
                f"there is no price for {item}: add it to infra/plan/{FILE.name}, "
                "with its unit, its source and the day it was read"
            ) from None

    def source(self, item: str) -> Source:
        return self.sources[self[item].source]


@cache
def load(file: Path = FILE) -> Prices:
    """Read the table. Raises `ConfigurationError` that says what is wrong with it."""
    try:
        raw = tomllib.loads(file.read_text("utf-8"), parse_float=Decimal)
        prices = msgspec.convert(raw, Prices)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigurationError(f"{file.name}: {error}") from None
    for item, price in prices.prices.items():
        _check(prices, item, price, file.name)
    return prices


def _check(prices: Prices, item: str, price: Price, file: str) -> None:
    if price.source not in prices.sources:
        raise ConfigurationError(f"{file}: {item}: there is no source {price.source}")
    if price.price <= 0:
        raise ConfigurationError(
            f"{file}: {item} costs {price.price}: what is free belongs into rules/free.py, "
            "with the reason"
        )
    try:
        _ = price.range
    except ValueError as error:
        raise ConfigurationError(f"{file}: {item}: low, price and high: {error}") from None
