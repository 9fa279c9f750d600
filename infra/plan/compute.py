"""Which kind of compute a workload belongs on: the articles' rule, and what each kind costs.

The rule, in this order: persistent connections → Fargate; event-driven and short → Lambda;
continuous, large disk or GPU → EC2. What a kind cannot do at all overrules the order.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Final

import msgspec

from infra.plan.load import HOURS, MILLION
from infra.plan.money import Range, exactly
from infra.plan.prices import Prices
from shared.errors import Invalid

LONGEST_CALL_S: Final = 900
LARGEST_CALL_GB: Final = Decimal(10)
LARGEST_TASK_DISK_GB: Final = 200
# Share of a vCPU that may be busy on average, so that a busy second does not queue.
BUSY: Final = Decimal("0.6")
# Fargate's pairs of vCPU and least GB, the smallest first.
SIZES: Final = (
    (".25", ".5"),
    (".5", "1"),
    ("1", "2"),
    ("2", "4"),
    ("4", "8"),
    ("8", "16"),
    ("16", "32"),
)
FARGATE, LAMBDA, EC2 = "Fargate", "Lambda", "EC2"
# Messages a day for which every way is reckoned: those of the second article's table, and fewer.
A_DAY: Final = (10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)
# The seconds of a month over those of a day.
DAYS: Final = Decimal(HOURS) / 24


class Workload(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`duration_s`: what one message or job takes; `cpu_percent`: how much of that is computing,
    the rest is waiting; `continuous`: it runs all the time, whether something comes or not.
    """

    persistent: bool = False
    continuous: bool = False
    duration_s: Decimal = Decimal("0.1")
    messages_a_day: int = 1_000_000
    cpu_percent: int = 20
    memory_gb: Decimal = Decimal("0.5")
    disk_gb: int = 0
    gpu: bool = False

    def __post_init__(self) -> None:
        for name in ("duration_s", "memory_gb"):
            if getattr(self, name) <= 0:
                raise Invalid(f"{name} is {getattr(self, name)}: it has to be more than 0")
        for name in ("messages_a_day", "disk_gb"):
            if getattr(self, name) < 0:
                raise Invalid(f"{name} is {getattr(self, name)}: at least 0 is needed")
        if not 0 < self.cpu_percent <= 100:
            raise Invalid(f"cpu_percent is {self.cpu_percent}: from 1 to 100 is possible")

    @property
    def messages(self) -> Decimal:
        """A month."""
        return self.messages_a_day * DAYS

    @property
    def vcpus(self) -> Decimal:
        """Computing on average, all month."""
        return self.messages * self.duration_s * self.cpu_percent / 100 / (HOURS * 3600)


@dataclass(frozen=True)
class Cost:
    """A way to buy it. `cannot`: why it cannot run there; then `amount` says nothing."""

    kind: str
    name: str
    amount: Range
    how: str
    cannot: str = ""


@dataclass(frozen=True)
class Choice:
    """What the rule says, why, and what everything costs, the cheapest first."""

    workload: Workload
    kind: str
    reason: str
    costs: tuple[Cost, ...]

    @property
    def cheapest(self) -> Cost:
        """Of those that can run it."""
        return next(cost for cost in self.costs if not cost.cannot)

    @property
    def chosen(self) -> Cost:
        """The cheapest way to buy what the rule says."""
        return next(cost for cost in self.costs if cost.kind == self.kind and not cost.cannot)

    @property
    def remark(self) -> str:
        """What to know where the cheapest is something else; empty where it is not."""
        cheapest, chosen = self.cheapest, self.chosen
        if cheapest.kind == chosen.kind:
            return ""
        more = chosen.amount.likely - cheapest.amount.likely
        return (
            f"the cheapest is {cheapest.name}, by {more.quantize(Decimal('0.01'))} USD a month; "
            f"{BUYS[chosen.kind]}"
        )


BUYS: Final = {
    FARGATE: "Fargate buys connections that stay, and no machine to look after",
    LAMBDA: "Lambda buys that nothing runs between events and nothing has to be sized; where "
    "events come all the time, a small task does the same for less",
    EC2: "EC2 buys the disk, the GPU or the whole machine",
}


def volumes(workload: Workload, prices: Prices) -> dict[str, tuple[Range, ...]]:
    """The same work at each of `A_DAY` messages, by the ways that can run it."""
    lines: dict[str, list[Range]] = {}
    for count in A_DAY:
        busier = msgspec.structs.replace(workload, messages_a_day=count)
        for cost in sorted(choose(busier, prices).costs, key=lambda cost: cost.name):
            if not cost.cannot:
                lines.setdefault(cost.name, []).append(cost.amount)
    return {name: tuple(amounts) for name, amounts in lines.items()}


def choose(workload: Workload, prices: Prices) -> Choice:
    """Apply the rule and price the ways."""
    limits = {kind: _cannot(kind, workload) for kind in (FARGATE, LAMBDA, EC2)}
    kind, reason = _rule(workload, limits)
    costs = sorted(
        _costs(workload, prices, limits), key=lambda x: (bool(x.cannot), x.amount.likely)
    )
    return Choice(workload, kind, reason, tuple(costs))


def _rule(workload: Workload, limits: dict[str, str]) -> tuple[str, str]:
    if workload.persistent:
        if limits[FARGATE]:
            return EC2, f"it holds connections, which asks for Fargate, but {limits[FARGATE]}"
        return FARGATE, "it holds connections: the process must not end between two messages"
    if not workload.continuous and not limits[LAMBDA]:
        return (
            LAMBDA,
            f"events start it and each takes {workload.duration_s} s, less than 15 minutes",
        )
    if workload.gpu or workload.disk_gb > LARGEST_TASK_DISK_GB or workload.continuous:
        parts = [
            ("it needs a GPU", workload.gpu),
            (f"it needs {workload.disk_gb} GB of disk", workload.disk_gb > LARGEST_TASK_DISK_GB),
            ("it runs all the time", workload.continuous),
        ]
        return EC2, " and ".join(text for text, so in parts if so)
    return FARGATE, (
        f"Lambda cannot: {limits[LAMBDA]}; it neither runs all the time nor needs a GPU or a large "
        "disk, so a task that ends when the job ends does"
    )


def _cannot(kind: str, workload: Workload) -> str:
    """Why it cannot run there at all; empty where it can."""
    if kind == LAMBDA:
        if workload.persistent:
            return "a call ends, and its connections with it"
        if workload.duration_s > LONGEST_CALL_S:
            return f"a call lasts at most {LONGEST_CALL_S} s"
        if workload.memory_gb > LARGEST_CALL_GB or workload.disk_gb > LARGEST_CALL_GB:
            return f"a call has at most {LARGEST_CALL_GB} GB of memory and as much of disk"
    if kind in {LAMBDA, FARGATE} and workload.gpu:
        return f"{kind} has no GPU"
    if kind == FARGATE and workload.disk_gb > LARGEST_TASK_DISK_GB:
        return f"a task has at most {LARGEST_TASK_DISK_GB} GB of disk, and it goes with the task"
    return ""


def _costs(workload: Workload, prices: Prices, limits: dict[str, str]) -> Iterator[Cost]:
    yield _lambda(workload, prices, limits[LAMBDA])
    yield from _fargate(workload, prices, limits[FARGATE])
    yield from _ec2(workload, prices)


def _lambda(workload: Workload, prices: Prices, cannot: str) -> Cost:
    calls = exactly(workload.messages / MILLION) * prices["lambda.requests"].range
    busy = workload.messages * workload.duration_s * workload.memory_gb
    amount = calls + exactly(busy) * prices["lambda.arm.compute"].range
    how = f"{int(workload.messages):,} calls, {int(busy):,} GB-seconds"
    return Cost(LAMBDA, LAMBDA, amount, how, cannot)


def _fargate(workload: Workload, prices: Prices, cannot: str) -> Iterator[Cost]:
    """Of the smallest size that holds it: a task a job where that is less, or all month."""
    cpu, memory = _size(workload.memory_gb)
    count = _count(workload.vcpus, cpu)
    hours, how = Decimal(count * HOURS), f"{count} x {cpu} vCPU, {memory} GB, all month"
    alone = workload.messages * max(workload.duration_s, Decimal(60)) / 3600
    if not (workload.persistent or workload.continuous) and alone < hours:
        hours, how = alone, f"a task of {cpu} vCPU, {memory} GB for each job, a minute at least"
    ways = (("on demand", ()), ("savings plan, 1 year", ("fargate.plan.1y.share",)))
    for name, share in ways:
        hour = prices["fargate.arm.vcpu"].range * cpu + prices["fargate.arm.memory"].range * memory
        for item in share:
            hour = hour * prices[item].range
        yield Cost(FARGATE, f"Fargate, {name}", hour * hours, how, cannot)


def _ec2(workload: Workload, prices: Prices) -> Iterator[Cost]:
    name, cpu = ("g4dn.xlarge", 4) if workload.gpu else ("t4g.medium", 2)
    # Of 4 GB, system and agent leave 3; a larger need takes more machines' worth of memory.
    by_memory = (
        1 if workload.gpu else int((workload.memory_gb / 3).to_integral_value(ROUND_CEILING))
    )
    count = max(_count(workload.vcpus, Decimal(cpu)), by_memory)
    disk = exactly(max(workload.disk_gb, 30) * count) * prices["ebs.gp3"].range
    how = f"{count} x {name}, {max(workload.disk_gb, 30)} GB of disk each"
    for way, share in (("on demand", ()), ("reserved, 1 year", ("ec2.reserved.1y.share",))):
        hour = prices[f"ec2.{name}"].range
        for item in share:
            hour = hour * prices[item].range
        yield Cost(EC2, f"EC2, {way}", hour * (count * HOURS) + disk, how)


def _size(memory_gb: Decimal) -> tuple[Decimal, Decimal]:
    """The smallest pair that holds the memory. Raises `Invalid` where none does."""
    pairs = ((Decimal(cpu), Decimal(memory)) for cpu, memory in SIZES)
    found = next((pair for pair in pairs if pair[1] >= memory_gb), None)
    if found is None:
        raise Invalid(f"{memory_gb} GB of memory: the largest task that is priced here has 32")
    return found


def _count(vcpus: Decimal, each: Decimal) -> int:
    return max(1, int((vcpus / (each * BUSY)).to_integral_value(ROUND_CEILING)))
