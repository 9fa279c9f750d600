"""Everything that `fortress plan cost` tells, reckoned once for text, JSON and HTML."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec

from infra.plan import cost, prices, template
from infra.plan.articles import Claim, claims
from infra.plan.bill import Bill
from infra.plan.databases import Choice, choices
from infra.plan.load import HOURS, Load, described
from infra.plan.money import Range, usd
from infra.plan.prices import Prices
from infra.plan.rules.registry import PLANS
from infra.plan.shapes import Shape, shapes
from infra.plan.template import SYNTH
from infra.plan.ways_out import WayOut, ways_out
from shared.money import plain, round_half_up

# What the first article's system costs a month, in dollars: the reach.
REACH: Final = 750
# Devices for which every shape is reckoned, at the load's interval.
FLEETS: Final = (500, 1_000, 2_000, 5_000, 10_000, 20_000, 40_000)
PLAN_NAMES: Final = {
    "none": "on demand",
    "1y": "Compute Savings Plan, 1 year, nothing upfront",
    "3y": "Compute Savings Plan, 3 years, nothing upfront",
}


@dataclass(frozen=True)
class Report:
    """`plans`: the total for each way to buy the baseline; `fleets`: by shape, for `FLEETS`."""

    bill: Bill
    prices: Prices
    plans: dict[str, Range]
    shapes: tuple[Shape, ...]
    fleets: dict[str, tuple[Range, ...]]
    ways_out: tuple[WayOut, ...]
    databases: tuple[Choice, ...]
    claims: tuple[Claim, ...]

    @property
    def verdict(self) -> str:
        """Whether the reach is met, in a sentence that does not hide the high figure."""
        total = self.bill.total
        met = "under" if total.likely <= REACH else "OVER"
        high = "under it too" if total.high <= REACH else f"over it by {usd(total.high - REACH)}"
        return (
            f"{usd(total.likely)} USD a month is {met} {REACH}; everything at its dearest, "
            f"{usd(total.high)}, is {high}"
        )

    @property
    def comparison(self) -> str:
        """How the other shapes compare, in a sentence."""
        built, *others = self.shapes
        best = min(others, key=lambda shape: shape.total.likely)
        less = built.total.likely - best.total.likely
        if less <= 0:
            return f"no other shape is cheaper; the nearest is {best.name}, {usd(-less)} more"
        return (
            f"{best.name} would be cheaper by {usd(less)} USD a month; the price: {best.given_up}"
        )

    @property
    def assumptions(self) -> tuple[str, ...]:
        load = [f"{name}: {text}" for name, text in described(self.bill.load).items()]
        kept = f"each further 30 days that readings are kept add {usd(self._month_of_readings)} USD"
        return (
            *load,
            kept,
            *GENERAL,
            f"baseline: {PLAN_NAMES[self.bill.plan]}; Spot is never covered",
        )

    @property
    def _month_of_readings(self) -> Decimal:
        """What it costs to keep 30 days of readings more."""
        stored = sum(x.amount.likely for x in self.bill.lines if x.what == "Aurora storage")
        return Decimal(stored) * 30 / self.bill.load.retention_days

    @property
    def unconfirmed(self) -> dict[str, Decimal]:
        """What of the likely total rests on each price that has to be looked at, most first."""
        rests: dict[str, Decimal] = {}
        for line in self.bill.lines:
            for item in line.items:
                if not self.prices[item].confirmed:
                    rests[item] = rests.get(item, Decimal(0)) + line.amount.likely
        return dict(sorted(rests.items(), key=lambda pair: -pair[1]))


GENERAL: Final = (
    f"a month has {HOURS} hours; prices without taxes and support",
    "free allowances count only where they never end: CloudFront's, and 100 GB to the internet",
    "one environment and the registry of images; another environment has a bill of its own",
    "low and high: every quantity and price at its lowest or highest at once, which no month is",
    "a device holds one connection; what scaling out begins at tells how many tasks all need",
    "rows grow to the days kept; before that, storage and backups cost less",
)


def reckon(environment: str, load: Load, *, plan: str = "1y", folder: Path = SYNTH) -> Report:
    """Raises `ConfigurationError` and `Invalid` as `cost.price` and `template.read` do."""
    table = prices.load()
    stacks = template.read(environment, folder)
    bill = cost.price(stacks, load, table, plan=plan)
    plans = {name: cost.price(stacks, load, table, plan=name).total for name in PLANS}
    fleets: dict[str, list[Range]] = {}
    for devices in FLEETS:
        sized = msgspec.structs.replace(load, devices=devices)
        for shape in shapes(cost.price(stacks, sized, table, plan=plan), table):
            fleets.setdefault(shape.name, []).append(shape.total)
    return Report(
        bill,
        table,
        plans,
        shapes(bill, table),
        {name: tuple(totals) for name, totals in fleets.items()},
        ways_out(stacks, bill, table),
        tuple(choices(stacks, lambda other: cost.price(other, load, table, plan=plan).total)),
        claims(table, bill.total),
    )


def document(report: Report) -> dict[str, Any]:
    """The same as JSON; amounts are text, for they are decimals."""
    bill = report.bill
    return {
        "environment": bill.environment,
        "load": msgspec.to_builtins(bill.load),
        "prices": {"date": str(report.prices.date), "region": report.prices.region},
        "currency": "USD",
        "period": "month",
        "total": _range(bill.total),
        "fixed": _range(bill.fixed),
        "variable": _range(bill.variable),
        "reach": {"usd": REACH, "met": bill.total.likely <= REACH, "said": report.verdict},
        "per_million_readings": {
            "all": _range(bill.per_million(bill.total)),
            "variable": _range(bill.per_million(bill.variable)),
        },
        "groups": {name: _range(value) for name, value in bill.groups.items()},
        "apps": {name: _range(value) for name, value in bill.per_app.items()},
        "baseline": {name: _range(value) for name, value in report.plans.items()},
        "containers": {name: _range(value) for name, value in bill.bought.items()},
        "lines": [_line(report, number) for number in range(len(bill.lines))],
        "free": [msgspec.to_builtins(item) for item in bill.free],
        **_alternatives(report),
        "articles": [msgspec.to_builtins(claim) for claim in report.claims],
        "assumptions": list(report.assumptions),
        "unconfirmed": {
            item: usd(amount).replace(",", "") for item, amount in report.unconfirmed.items()
        },
    }


def _alternatives(report: Report) -> dict[str, Any]:
    """What else it could be, and what that would cost."""
    return {
        "shapes": [
            {"name": s.name, "total": _range(s.total), "given_up": s.given_up}
            for s in report.shapes
        ],
        "fleets": {
            name: [{"devices": n, "total": _range(x)} for n, x in zip(FLEETS, totals, strict=True)]
            for name, totals in report.fleets.items()
        },
        "ways_out": [
            {"name": w.name, "amount": _range(w.amount), "loses": w.loses, "built": w.built}
            for w in report.ways_out
        ],
        "databases": [
            {"name": d.name, "total": _range(d.total), "built": d.built} for d in report.databases
        ],
    }


def _line(report: Report, number: int) -> dict[str, Any]:
    line = report.bill.lines[number]
    return {
        "group": line.group,
        "app": line.app,
        "what": line.what,
        "kind": "fixed" if line.fixed else "variable",
        "quantity": _range(line.quantity, exact=True),
        "unit": line.unit,
        "price": _range(line.price, exact=True),
        "amount": _range(line.amount),
        "items": list(line.items),
        "sources": sorted({report.prices.source(item).url for item in line.items}),
        "why": line.why,
    }


def _range(value: Range, *, exact: bool = False) -> dict[str, str]:
    parts = {"low": value.low, "likely": value.likely, "high": value.high}
    return {
        name: plain(round_half_up(part, 12)) if exact else usd(part).replace(",", "")
        for name, part in parts.items()
    }
