from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from infra.plan import prices
from shared.errors import ConfigurationError

HEAD = 'date = 2026-11-22\nregion = "us-east-1"\n[sources]\n'
SOURCE = 'page = { url = "https://example.com/", read = 2026-11-22 }\n[prices]\n'


def written(tmp_path: Path, entry: str) -> Path:
    file = tmp_path / "prices.toml"
    file.write_text(HEAD + SOURCE + entry)
    return file


def entry(price: str, more: str = "") -> str:
    return (
        f'"thing" = {{ price = {price}, unit = "hour", source = "page", confirmed = true{more} }}'
    )


def test_a_price_is_a_decimal_of_what_is_written(tmp_path: Path) -> None:
    table = prices.load(written(tmp_path, entry("0.0000133334")))
    assert table["thing"].price == Decimal("0.0000133334")


def test_a_missing_price_is_an_error_that_names_it() -> None:
    with pytest.raises(ConfigurationError, match=r"no price for aurora\.db\.x2g\.large: add it"):
        prices.load()["aurora.db.x2g.large"]


@pytest.mark.parametrize("price", ["0.0", "0", "-0.1"])
def test_a_price_of_nothing_is_refused(price: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"thing costs .* rules/free"):
        prices.load(written(tmp_path, entry(price)))


def test_a_source_that_is_not_there_is_refused(tmp_path: Path) -> None:
    wrong = entry("1.0").replace('"page"', '"rumour"')
    with pytest.raises(ConfigurationError, match="thing: there is no source rumour"):
        prices.load(written(tmp_path, wrong))


@pytest.mark.parametrize("more", [", low = 2.0", ", high = 0.5"])
def test_a_range_that_does_not_hold_its_price_is_refused(more: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="thing: low, price and high"):
        prices.load(written(tmp_path, entry("1.0", more)))


@pytest.mark.parametrize("text", ["not toml", '"thing" = 3', entry("1.0", ', colour = "red"')])
def test_a_table_that_cannot_be_read_says_so(text: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"prices\.toml"):
        prices.load(written(tmp_path, text))


def test_every_source_is_a_page_of_aws_that_was_read_within_a_year_of_the_table() -> None:
    table = prices.load()
    for source in table.sources.values():
        assert urlsplit(source.url).hostname == "aws.amazon.com"
        assert timedelta(0) <= table.date - source.read <= timedelta(365)


def test_every_source_is_used() -> None:
    table = prices.load()
    assert {price.source for price in table.prices.values()} == table.sources.keys()
