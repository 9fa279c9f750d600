"""Templates, a load and a table of prices in; a bill out."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from infra import routes
from infra.plan.bill import Bill, Free, Line
from infra.plan.load import Load
from infra.plan.prices import Prices
from infra.plan.rules import (  # noqa: F401 - importing them registers their rules
    containers,
    database,
    edge,
    network,
    security,
    storage,
    watching,
)
from infra.plan.rules.free import FREE
from infra.plan.rules.registry import PLANS, RULES, Context
from infra.plan.rules.traffic import traffic
from infra.plan.template import Template
from shared.errors import ConfigurationError, Invalid


def price(template: Template, load: Load, prices: Prices, *, plan: str = "1y") -> Bill:
    """The bill of a month.

    Raises `ConfigurationError` for a type of resource that has neither a rule nor a reason to be
    free, and for a price that the table does not have; `Invalid` for a plan that is none.
    """
    if plan not in PLANS:
        raise Invalid(f"there is no plan {plan}: choose one of {', '.join(PLANS)}")
    context = Context(template, load, prices, plan, apps())
    lines = _gather([*_of_resources(context), *traffic(context)])
    return Bill(template.environment, load, plan, lines, tuple(_free(template)), context.apps)


def apps() -> tuple[str, ...]:
    """The apps that what is shared is shared by."""
    table = routes.load()
    named = [route.app for route in table.web] + [route.app for route in table.devices]
    return tuple(dict.fromkeys(named))


def _of_resources(context: Context) -> Iterator[Line]:
    unknown = sorted({r.type for r in context.template.resources} - RULES.keys() - FREE.keys())
    if unknown:
        raise ConfigurationError(
            f"nobody has said what {', '.join(unknown)} costs: write a rule in infra/plan/rules/ "
            "or, if it costs nothing, the reason into infra/plan/rules/free.py"
        )
    for resource in context.template.resources:
        if resource.type in RULES:
            yield from RULES[resource.type](resource, context)


def _gather(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Lines of the same thing become one, with their quantities added."""
    kinds: dict[tuple[object, ...], Line] = {}
    for line in lines:
        key = (line.group, line.app, line.what, line.items, line.fixed, line.unit)
        before = kinds.get(key)
        kinds[key] = line if before is None else _more(before, line)
    return tuple(line for line in kinds.values() if line.amount.high > 0)


def _more(one: Line, other: Line) -> Line:
    return replace(one, quantity=one.quantity + other.quantity)


def _free(template: Template) -> Iterator[Free]:
    counts = Counter(r.type for r in template.resources if r.type not in RULES)
    for kind, count in sorted(counts.items()):
        yield Free(kind, count, FREE[kind])
