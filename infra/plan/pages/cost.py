"""The bill as a page."""

from collections.abc import Iterator
from decimal import Decimal
from html import escape

from infra.plan.bill import Line, amount
from infra.plan.money import Range, brief, usd
from infra.plan.pages.bars import Bar, bars
from infra.plan.pages.claims import claims_table
from infra.plan.pages.plot import plot
from infra.plan.pages.shell import (
    facts,
    figure,
    folded,
    framed,
    items,
    page,
    paragraph,
    row,
    table,
)
from infra.plan.report import FLEETS, PLAN_NAMES, REACH, Report

UNIT = "USD a month, likely; the thin line goes from low to high"
THREE = ("low", "likely", "high")
# Columns of numbers in the table of lines.
NUMBERS = dict.fromkeys((2, 4, 5, 6, 7), "n")


def render(report: Report) -> str:
    """One HTML document without scripts and without addresses that it would load from."""
    bill = report.bill
    lead = paragraph(
        f"{bill.environment}, load “{bill.load.name}”: {bill.load.devices:,} devices every "
        f"{bill.load.interval_s} s. Prices of {report.prices.date}, {report.prices.region}.",
        "soft",
    )
    foot = paragraph("Made by `fortress plan cost` from the synthesised templates.")
    return page("What it costs a month", lead, list(_sections(report)), foot)


def _sections(report: Report) -> Iterator[tuple[str, str, str]]:
    yield "first", "", _first(report)
    yield "groups", "Where it goes", _groups(report)
    yield "apps", "For each app", _apps(report)
    yield "shapes", "On other shapes", _shapes(report)
    yield "fleets", "With more devices", _fleets(report)
    yield "choices", "Other choices", _choices(report)
    yield "lines", "Every line", _lines(report)
    yield "articles", "The articles' figures", claims_table(report.claims)
    yield "assumed", "Assumed", items(report.assumptions) + _free(report)
    yield "prices", "Prices", _prices(report)


def _three(value: Range) -> tuple[str, str, str]:
    return usd(value.low), usd(value.likely), usd(value.high)


def _span(value: Range) -> str:
    return f"{usd(value.low)} to {usd(value.high)}"


def _ranges(label: str, rows: dict[str, Range]) -> str:
    body = [(name, *_three(value)) for name, value in rows.items()]
    return table(label, ("", *THREE), body, (1, 2, 3))


def _first(report: Report) -> str:
    bill = report.bill
    million, more = bill.per_million(bill.total), bill.per_million(bill.variable)
    app = bill.total * (Decimal(1) / len(bill.apps))
    cards = facts(
        (
            ("Total, USD a month", usd(bill.total.likely), _span(bill.total)),
            ("Fixed", usd(bill.fixed.likely), _span(bill.fixed)),
            ("Variable", usd(bill.variable.likely), _span(bill.variable)),
            (f"For each of {len(bill.apps)} apps", usd(app.likely), _span(app)),
            ("A million readings", usd(million.likely), f"{usd(more.likely)} of it variable"),
        )
    )
    whole = Bar("Total", (bill.fixed.likely, bill.variable.likely), bill.total, strong=True)
    chart = bars([whole], ("fixed", "variable"), Decimal(REACH))
    said = paragraph(f"{report.verdict}.")
    return f"{cards}<figure><figcaption>Against {REACH} USD</figcaption>{said}{chart}</figure>"


def _groups(report: Report) -> str:
    bill = report.bill
    rows = []
    for name, value in bill.groups.items():
        fixed = amount(x for x in bill.lines if x.group == name and x.fixed).likely
        rows.append(Bar(name, (fixed, value.likely - fixed), value))
    return figure(
        "By group", UNIT, bars(rows, ("fixed", "variable")), _ranges("By group", bill.groups)
    )


def _apps(report: Report) -> str:
    bill = report.bill
    shared = amount(x for x in bill.lines if x.app not in bill.apps).likely / len(bill.apps)
    rows = [Bar(n, (x.likely - shared, shared), x) for n, x in bill.per_app.items()]
    chart = bars(rows, ("its own tasks", "an even share of the rest"))
    return figure("By app", UNIT, chart, _ranges("By app", bill.per_app))


def _shapes(report: Report) -> str:
    rows = [
        Bar(shape.name, (shape.total.likely,), shape.total, strong=n == 0)
        for n, shape in enumerate(report.shapes)
    ]
    data = [(s.name, *_three(s.total), s.given_up) for s in report.shapes]
    columns = ("shape", *THREE, "what it cannot do")
    return paragraph(f"{_capital(report.comparison)}.") + figure(
        "The same load on the articles' shapes",
        UNIT,
        bars(rows, (), Decimal(REACH)),
        table("Shapes", columns, data, (1, 2, 3), (0, 4)),
    )


def _fleets(report: Report) -> str:
    names = [name for name in report.fleets if not name.startswith("EC2")]
    names += [name for name in report.fleets if name == "EC2, reserved, 1 year"]
    lines = {name: [total.likely for total in report.fleets[name]] for name in names}
    rows = [
        (name, *(usd(total.likely) for total in totals)) for name, totals in report.fleets.items()
    ]
    columns = ("shape", *(f"{n:,}" for n in FLEETS))
    interval = report.bill.load.interval_s
    return figure(
        f"Total by number of devices, each every {interval} s",
        "USD a month, likely, over devices; both scales grow by factors",
        plot(FLEETS, lines, "USD", Decimal(REACH)),
        table("Totals by devices", columns, rows, range(1, len(columns)), (0,)),
    )


def _choices(report: Report) -> str:
    plans = {PLAN_NAMES[name]: total for name, total in report.plans.items()}
    bought = [
        Bar(name, (x.likely,), x, strong=name == PLAN_NAMES[report.bill.plan])
        for name, x in plans.items()
    ]
    bases = [Bar(d.name, (d.total.likely,), d.total, strong=d.built) for d in report.databases]
    ways = [Bar(w.name, (w.amount.likely,), w.amount, strong=w.built) for w in report.ways_out]
    lost = [(w.name, *_three(w.amount), w.loses) for w in report.ways_out]
    reach = Decimal(REACH)
    parts = report.bill.bought
    return (
        paragraph("What is built stands in bold.", "soft")
        + figure("How the baseline is bought", UNIT, bars(bought, (), reach), _ranges("", plans))
        + figure(
            "Containers: baseline and burst",
            UNIT,
            bars([Bar(name, (x.likely,), x) for name, x in parts.items()]),
            _ranges("Containers", parts),
        )
        + figure(
            "The whole with another database",
            UNIT,
            bars(bases, (), reach),
            _ranges("Databases", {d.name: d.total for d in report.databases}),
        )
        + figure(
            "The way out of the private subnets, alone",
            UNIT,
            bars(ways),
            table("Ways out", ("way", *THREE, "what is lost"), lost, (1, 2, 3), (0, 4)),
        )
    )


def _lines(report: Report) -> str:
    columns = ("what, and how it came about", "kind", "quantity", "unit", "price", *THREE)
    head = "".join(
        f'<th scope="col" class="{NUMBERS.get(n, "")}">{name}</th>'
        for n, name in enumerate(columns)
    )
    body = "".join(_group(report, name, total) for name, total in report.bill.groups.items())
    whole = row(("total", "", "", "", "", *_three(report.bill.total)), NUMBERS, "sum")
    return framed("Every line", f"<thead><tr>{head}</tr></thead><tbody>{body}{whole}</tbody>")


def _group(report: Report, name: str, total: Range) -> str:
    lines = [line for line in report.bill.lines if line.group == name]
    rows = [row((name, "", "", "", "", *_three(total)), NUMBERS, "sum")]
    rows += [_line(line) for line in sorted(lines, key=lambda line: -line.amount.likely)]
    return "".join(rows)


def _line(line: Line) -> str:
    why = f'<span class="why">{escape(line.why)}</span>' if line.why else ""
    # A unit such as instance-hour stays on one line.
    unit = line.unit.replace("-", "\N{NON-BREAKING HYPHEN}")
    numbers = (brief(line.quantity.likely), unit, brief(line.price.likely))
    cells = ("fixed" if line.fixed else "variable", *numbers, *_three(line.amount))
    rest = "".join(
        f'<td class="{NUMBERS.get(n, "")}">{escape(cell)}</td>' for n, cell in enumerate(cells, 1)
    )
    return f'<tr><th scope="row" class="wide">{escape(line.what)}{why}</th>{rest}</tr>'


def _free(report: Report) -> str:
    rows = [(item.type, str(item.count), item.reason) for item in report.bill.free]
    data = table("Free by itself", ("type", "count", "why"), rows, (1,), (2,))
    return folded("Resources that cost nothing by themselves", data)


def _prices(report: Report) -> str:
    used = sorted({item for line in report.bill.lines for item in line.items})
    rows = []
    for item in used:
        price, source = report.prices[item], report.prices.source(item)
        low, _, high = (brief(x) for x in (price.range.low, price.price, price.range.high))
        said = "confirmed" if price.confirmed else "to be looked at"
        span = "" if low == high else f"{low} to {high}"
        cells = (item, brief(price.price), price.unit, span, said, str(source.read), source.url)
        rows.append((*cells, price.note))
    columns = ("item", "price", "unit", "range", "state", "read", "source", "note")
    data = table("Prices", columns, rows, (1, 3), (7,))
    rests = [(item, usd(amount)) for item, amount in report.unconfirmed.items()]
    doubted = table(
        "To be looked at", ("item", "USD a month that rest on it"), rows=rests, right=(1,)
    )
    said = "Not seen at AWS itself, and to be looked at before somebody relies on them:"
    return paragraph(said) + doubted + folded("All prices of this bill", data)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
