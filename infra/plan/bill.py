"""A bill: its lines, and what they come to."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from infra.plan.load import MILLION, Load
from infra.plan.money import NOTHING, Range, exactly, total

SHARED = "shared"
# How containers are bought.
PLAN, ON_DEMAND, SPOT = "under the savings plan", "on demand", "on Spot"


@dataclass(frozen=True)
class Line:
    """One thing that is paid for in a month: `quantity` of `unit` at `price` dollars each.

    `fixed`: it costs the same whatever the load. `items`: entries of the table of prices, whose
    product is the price. `app`: who it is for, or `SHARED`. `why`: how the quantity came about.
    Of containers, `vcpus` and `gigabytes` say how large one is, and the price is of both.
    """

    group: str
    app: str
    what: str
    fixed: bool
    quantity: Range
    unit: str
    price: Range
    items: tuple[str, ...]
    why: str = ""
    vcpus: Decimal = Decimal(0)
    gigabytes: Decimal = Decimal(0)

    @property
    def amount(self) -> Range:
        return self.quantity * self.price


@dataclass(frozen=True)
class Free:
    """A type of resource that costs nothing by itself, and why."""

    type: str
    count: int
    reason: str


@dataclass(frozen=True)
class Bill:
    """`plan`: how the baseline of containers is bought; `apps`: who shares what is shared."""

    environment: str
    load: Load
    plan: str
    lines: tuple[Line, ...]
    free: tuple[Free, ...]
    apps: tuple[str, ...]

    @property
    def total(self) -> Range:
        return amount(self.lines)

    @property
    def fixed(self) -> Range:
        return amount(line for line in self.lines if line.fixed)

    @property
    def variable(self) -> Range:
        return amount(line for line in self.lines if not line.fixed)

    @property
    def groups(self) -> dict[str, Range]:
        """What each group comes to, the dearest first."""
        names = Counter(line.group for line in self.lines)
        sums = {name: amount(x for x in self.lines if x.group == name) for name in names}
        return dict(sorted(sums.items(), key=lambda pair: -pair[1].likely))

    @property
    def bought(self) -> dict[str, Range]:
        """What containers come to by how they are bought."""
        sums = {PLAN: NOTHING, ON_DEMAND: NOTHING, SPOT: NOTHING}
        for line in self.lines:
            if line.vcpus:
                shares = [item for item in line.items if item.endswith(".share")]
                spot = "fargate.spot.share" in shares
                way = SPOT if spot else PLAN if shares else ON_DEMAND
                sums[way] += line.amount
        return sums

    @property
    def per_app(self) -> dict[str, Range]:
        """What is for one app alone, and an even share of everything that is shared."""
        alone = {app: amount(x for x in self.lines if x.app == app) for app in self.apps}
        rest = amount(line for line in self.lines if line.app not in self.apps)
        share = rest * (Decimal(1) / max(len(self.apps), 1))
        return {app: own + share for app, own in alone.items()}

    def per_million(self, of: Range) -> Range:
        """Dollars a million readings."""
        return of * exactly(MILLION / self.load.messages)


def amount(lines: Iterable[Line]) -> Range:
    return total(line.amount for line in lines)
