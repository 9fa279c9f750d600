"""Where rules are looked up, and what they are given."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from infra.plan.bill import SHARED, Line
from infra.plan.load import Load
from infra.plan.money import Range, exactly
from infra.plan.prices import Prices
from infra.plan.template import Resource, Template

# How a baseline may be bought: which share of the price on demand it costs.
PLANS = {"none": (), "1y": ("fargate.plan.1y.share",), "3y": ("fargate.plan.3y.share",)}


@dataclass(frozen=True)
class Context:
    """What a rule may look at besides its resource."""

    template: Template
    load: Load
    prices: Prices
    plan: str
    apps: tuple[str, ...] = field(default=())

    def line(  # every argument is a column of the bill
        self,
        group: str,
        what: str,
        *items: str,
        quantity: Range | Decimal | int,
        fixed: bool,
        app: str = SHARED,
        why: str = "",
    ) -> Line:
        """A line whose price is the product of the prices of `items`; its unit is the first's."""
        price = exactly(1)
        for item in items:
            price = price * self.prices[item].range
        if not isinstance(quantity, Range):
            quantity = exactly(quantity)
        unit = self.prices[items[0]].unit
        return Line(group, app, what, fixed, quantity, unit, price, items, why)


Rule = Callable[[Resource, Context], Iterable[Line]]
RULES: dict[str, Rule] = {}


def rule(*types: str) -> Callable[[Rule], Rule]:
    """Register the function as the rule of these types of CloudFormation."""

    def register(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(types, function))
        return function

    return register
