"""The bill as text."""

from collections.abc import Iterator

from infra.plan.articles import Claim
from infra.plan.money import Range, brief, usd
from infra.plan.report import FLEETS, PLAN_NAMES, Report
from infra.plan.text import section, table, wrapped


def render(report: Report) -> str:
    """Everything, in the order in which questions come."""
    return "\n".join(section(title, body) for title, body in _sections(report))


def _sections(report: Report) -> Iterator[tuple[str, str]]:
    bill = report.bill
    title = f"{bill.environment}, load “{bill.load.name}”, USD a month"
    yield title, _summary(report)
    yield "Lines", _lines(report)
    yield "By group", _ranges(bill.groups, "group")
    yield "By app, with an even share of what is shared", _ranges(bill.per_app, "app")
    yield (
        "The baseline, bought",
        _ranges({PLAN_NAMES[n]: x for n, x in report.plans.items()}, "how"),
    )
    yield "Containers, by how they are bought", _ranges(bill.bought, "how")
    yield "The same on other shapes", _shapes(report)
    yield "Totals by devices", _fleets(report)
    yield "The whole with another database", _databases(report)
    yield "Ways out of the private subnets", _ways_out(report)
    yield "The articles' figures", claims_table(report.claims)
    yield "Assumed", "\n".join(wrapped(f"- {text}") for text in report.assumptions)
    yield "Prices to look at before relying on them", _unconfirmed(report)
    yield (
        "Free by itself",
        table(
            ("type", "count", "why"), [(x.type, str(x.count), x.reason) for x in bill.free], (1,)
        ),
    )


def _summary(report: Report) -> str:
    bill = report.bill
    rows = {
        "total": bill.total,
        "fixed": bill.fixed,
        "variable": bill.variable,
        "a million readings, all in": bill.per_million(bill.total),
        "a million readings, variable": bill.per_million(bill.variable),
    }
    dated = f"Prices of {report.prices.date}, {report.prices.region}."
    return f"{_ranges(rows, '')}\n\n{wrapped(report.verdict)}\n{dated}"


def _ranges(rows: dict[str, Range], name: str) -> str:
    body = [(text, *_three(value)) for text, value in rows.items()]
    return table((name, "low", "likely", "high"), body, (1, 2, 3))


def _three(value: Range) -> tuple[str, str, str]:
    return usd(value.low), usd(value.likely), usd(value.high)


def _lines(report: Report) -> str:
    lines = sorted(report.bill.lines, key=lambda line: (line.group, -line.amount.likely))
    rows = [
        (
            line.group,
            line.what,
            "fixed" if line.fixed else "variable",
            brief(line.quantity.likely),
            line.unit,
            brief(line.price.likely),
            *_three(line.amount),
        )
        for line in lines
    ]
    columns = ("group", "what", "kind", "quantity", "unit", "price", "low", "likely", "high")
    return table(columns, rows, (3, 5, 6, 7, 8))


def _shapes(report: Report) -> str:
    rows = [(shape.name, *_three(shape.total)) for shape in report.shapes]
    given_up = [wrapped(f"- {shape.name}: {shape.given_up}") for shape in report.shapes[1:]]
    shown = table(("shape", "low", "likely", "high"), rows, (1, 2, 3))
    return "\n".join([shown, "", wrapped(report.comparison), *given_up])


def _databases(report: Report) -> str:
    rows = [
        (choice.name + (" (built)" if choice.built else ""), *_three(choice.total))
        for choice in report.databases
    ]
    return table(("database", "low", "likely", "high"), rows, (1, 2, 3))


def _fleets(report: Report) -> str:
    columns = ["devices", *(f"{n:,}" for n in FLEETS)]
    rows = [
        (name, *(f"{int(total.likely):,}" for total in totals))
        for name, totals in report.fleets.items()
    ]
    return table(columns, rows, range(1, len(columns)))


def _ways_out(report: Report) -> str:
    rows = [
        (way.name + (" (built)" if way.built else ""), *_three(way.amount), way.loses)
        for way in report.ways_out
    ]
    return table(("way", "low", "likely", "high", "what is lost"), rows, (1, 2, 3))


def claims_table(claims: tuple[Claim, ...]) -> str:
    """What each article says and what follows from the prices."""
    parts = []
    for claim in claims:
        mark = "follows" if claim.follows else "does not follow"
        parts.append(
            wrapped(f"- {claim.article}: {claim.says}: {mark}. {claim.right}: {claim.why}")
        )
    return "\n".join(parts)


def _unconfirmed(report: Report) -> str:
    rows = [
        (
            item,
            brief(report.prices[item].price),
            report.prices[item].unit,
            usd(amount),
            report.prices.source(item).url,
        )
        for item, amount in report.unconfirmed.items()
    ]
    columns = ("item", "price", "unit", "rests on it", "where to look")
    return table(columns, rows, (1, 3)) if rows else "none"
