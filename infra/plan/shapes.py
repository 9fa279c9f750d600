"""The same system on the other shapes that the articles speak of, beside the bill of this one.

Only what carries devices and runs programs is replaced; balancers of the web, database, bus and
watching stay as they are in the template, so that the sums can be compared.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from infra.plan.bill import SHARED, Bill, Line, amount
from infra.plan.load import HOURS, MILLION, Load
from infra.plan.money import Range, between, exactly
from infra.plan.prices import Prices

# What a function takes for a message, in seconds, and the memory that it is given, in GB. The
# second article says 50 to 300 ms.
FUNCTION_S: Final = between("0.05", "0.1", "0.3")
FUNCTION_GB: Final = Decimal("0.128")
# Messages that a queue hands to one call, where the database is to be spared.
BATCH: Final = 10
# Of a t4g.medium, what tasks may take: 2 vCPU and 4 GB less system, agent and room to replace one.
MACHINE_VCPU: Final = Decimal("1.6")
MACHINE_GB: Final = Decimal("3.0")


@dataclass(frozen=True)
class Shape:
    """A way to run the system. `given_up`: what it cannot do, or what somebody has to do."""

    name: str
    lines: tuple[Line, ...]
    added: tuple[Line, ...]
    given_up: str

    @property
    def total(self) -> Range:
        return amount(self.lines)


@dataclass(frozen=True)
class Pen:
    """Writes lines of a shape."""

    prices: Prices
    group: str

    def __call__(
        self, what: str, *items: str, quantity: Range | Decimal | int, why: str = ""
    ) -> Line:
        price = exactly(1)
        for item in items:
            price = price * self.prices[item].range
        if not isinstance(quantity, Range):
            quantity = exactly(quantity)
        unit = self.prices[items[0]].unit
        return Line(self.group, SHARED, what, False, quantity, unit, price, items, why)


def shapes(bill: Bill, prices: Prices) -> tuple[Shape, ...]:
    """What the template builds first, then the others with the same load."""
    load = bill.load
    built = Shape("Fargate, as in the template", bill.lines, (), "nothing: it is what is built")
    return (
        built,
        _other(
            bill,
            "Lambda behind IoT Core, DynamoDB",
            _devices_or_readings,
            (*_functions(load, prices), *_documents(load, prices)),
            "devices speak MQTT, not TCP; no order and no acknowledgement after the commit; "
            "charts, rollups and bills have to be asked of a key-value store",
        ),
        _other(
            bill,
            "Lambda behind IoT Core, Aurora",
            _devices,
            (*_queued(load, prices),),
            "devices speak MQTT, not TCP; acknowledged when IoT Core has it, not when it is stored",
        ),
        *_machines(bill, prices),
    )


def _other(
    bill: Bill, name: str, gone: Callable[[Line], bool], added: tuple[Line, ...], given_up: str
) -> Shape:
    kept = tuple(line for line in bill.lines if not gone(line))
    return Shape(name, (*kept, *added), added, given_up)


def _devices(line: Line) -> bool:
    """What only devices need: ingest's tasks. The network balancer stays for the bastion."""
    return line.app == "ingest" or line.items == ("nlb.lcu",)


def _devices_or_readings(line: Line) -> bool:
    kept_there = line.what.startswith(("Aurora storage", "Aurora writes", "Aurora backups"))
    return _devices(line) or kept_there


def _core(load: Load, write: Pen) -> Iterator[Line]:
    """Every device connected all month; each message received, matched by a rule, passed on."""
    minutes = Decimal(load.devices) * HOURS * 60 / MILLION
    messages = load.messages / MILLION
    size = -(-load.message_bytes // 5_000)
    yield write("IoT Core connections", "iot.minutes", quantity=minutes)
    yield write("IoT Core messages", "iot.messages", quantity=messages * size, why="of up to 5 kB")
    yield write("IoT Core rules", "iot.rules", quantity=messages)
    yield write("IoT Core actions", "iot.actions", quantity=messages)


def _functions(load: Load, prices: Prices) -> Iterator[Line]:
    write = Pen(prices, "functions")
    yield from _core(load, write)
    yield from _calls(write, load.messages, FUNCTION_S, "a call a message")


def _calls(write: Pen, calls: Decimal, seconds: Range, why: str) -> Iterator[Line]:
    yield write("Lambda calls", "lambda.requests", quantity=calls / MILLION, why=why)
    busy = exactly(calls * FUNCTION_GB) * seconds
    yield write(
        "Lambda compute",
        "lambda.arm.compute",
        quantity=busy,
        why=f"{seconds.low} to {seconds.high} s with {FUNCTION_GB} GB",
    )


def _documents(load: Load, prices: Prices) -> Iterator[Line]:
    write = Pen(prices, "functions")
    yield write("DynamoDB writes", "dynamodb.writes", quantity=load.messages / MILLION)
    reads = exactly((load.requests * 10 + load.reports * 50_000) / MILLION)
    yield write("DynamoDB reads", "dynamodb.reads", quantity=reads * between("0.5", 1, 2))
    yield write("DynamoDB storage", "dynamodb.storage", quantity=load.stored_gb)


def _queued(load: Load, prices: Prices) -> Iterator[Line]:
    """Through a queue, ten at a time, so that Aurora sees a tenth of the transactions."""
    write = Pen(prices, "functions")
    yield from _core(load, write)
    requests = load.messages * (1 + Decimal(2) / BATCH) / MILLION
    yield write(
        "SQS requests",
        "sqs.requests",
        quantity=requests,
        why=f"sent one by one, received and deleted {BATCH} at a time",
    )
    yield from _calls(write, load.messages / BATCH, FUNCTION_S * 2, f"{BATCH} messages a call")


def _machines(bill: Bill, prices: Prices) -> Iterator[Shape]:
    """All containers on t4g.medium: as many as they need, and one a zone at least."""
    tasks = [line for line in bill.lines if line.group == "containers"]
    cpu = sum((x.quantity.likely * x.vcpus for x in tasks), Decimal(0)) / HOURS
    memory = sum((x.quantity.likely * x.gigabytes for x in tasks), Decimal(0)) / HOURS
    count = max(Decimal(3), -(-cpu // MACHINE_VCPU), -(-memory // MACHINE_GB))
    cent = Decimal("0.01")
    why = f"for {cpu.quantize(cent)} vCPU and {memory.quantize(cent)} GB on average"
    given_up = "somebody patches, replaces and scales machines; peaks need machines of their own"
    ways = (
        ("on demand", ()),
        ("Compute Savings Plan, 1 year", ("ec2.plan.1y.share",)),
        ("reserved, 1 year", ("ec2.reserved.1y.share",)),
    )
    for name, share in ways:
        write = Pen(prices, "machines")
        added = (
            write("t4g.medium", "ec2.t4g.medium", *share, quantity=count * HOURS, why=why),
            write("disks", "ebs.gp3", quantity=count * 30, why="30 GB each"),
        )
        yield _other(bill, f"EC2, {name}", lambda line: line.group == "containers", added, given_up)
