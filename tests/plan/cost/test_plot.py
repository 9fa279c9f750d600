import re
from decimal import Decimal

import pytest

from infra.plan.pages.plot import HEIGHT, plot

XS = (10, 100, 1_000)


def drawn(*values: str) -> str:
    return plot(XS, {"line": [Decimal(value) for value in values]}, "USD")


def heights(chart: str) -> list[float]:
    return [float(y) for y in re.findall(r'<circle class="dot" cx="[^"]*" cy="([^"]*)"', chart)]


def ticks(chart: str) -> list[str]:
    return re.findall(r'px">([^<]*)</span>', chart)


@pytest.mark.parametrize(
    "values", [("0.26", "2.6", "2600"), ("450", "500", "900"), ("1", "1", "1"), ("0", "0", "7")]
)
def test_every_point_lies_in_the_drawing(values: tuple[str, ...]) -> None:
    assert all(0 <= height <= HEIGHT for height in heights(drawn(*values)))


def test_more_is_drawn_higher() -> None:
    low, middle, high = heights(drawn("5", "50", "500"))
    assert low > middle > high


def test_equal_factors_have_equal_distances() -> None:
    low, middle, high = heights(drawn("5", "50", "500"))
    assert low - middle == pytest.approx(middle - high, abs=0.2)


def test_few_powers_of_ten_have_ticks_between() -> None:
    assert ticks(drawn("450", "500", "900")) == ["200", "500", "1,000"]


def test_many_powers_of_ten_have_a_tick_each() -> None:
    assert ticks(drawn("0.26", "30", "2600")) == ["0.1", "1", "10", "100", "1,000", "10,000"]


def test_a_goal_is_drawn_and_named() -> None:
    chart = plot(XS, {"line": [Decimal(5)] * 3}, "USD", Decimal(750))
    assert 'class="goal"' in chart
    assert "750 USD" in chart
