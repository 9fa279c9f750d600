"""Where a workload belongs, as a page."""

from infra.plan.articles import claims
from infra.plan.compute import A_DAY, Choice, volumes
from infra.plan.compute_report import described
from infra.plan.money import usd
from infra.plan.pages.bars import Bar, bars
from infra.plan.pages.claims import claims_table
from infra.plan.pages.plot import plot
from infra.plan.pages.shell import facts, figure, items, page, paragraph, table
from infra.plan.prices import Prices


def render(choice: Choice, prices: Prices) -> str:
    """One HTML document without scripts and without addresses that it would load from."""
    lead = paragraph(f"Prices of {prices.date}, {prices.region}.", "soft")
    said = _first(choice) + paragraph(f"{choice.kind}: {choice.reason}.")
    if choice.remark:
        said += paragraph(f"By price alone: {choice.remark}.")
    sections = [
        ("workload", "Workload", items(described(choice))),
        ("choice", "Where it belongs", said + items(RULE)),
        ("costs", "What it costs", _costs(choice)),
        ("volumes", "By messages a day", _volumes(choice, prices)),
        ("articles", "The articles' figures", claims_table(claims(prices))),
    ]
    return page("Which compute", lead, sections, paragraph("Made by `fortress plan compute`."))


RULE = (
    "first: persistent connections → Fargate",
    "then: event-driven and short → Lambda",
    "then: continuous, large disk or GPU → EC2",
    "what a kind cannot do at all overrules the order",
)


def _first(choice: Choice) -> str:
    chosen, cheapest = choice.chosen, choice.cheapest
    return facts(
        (
            ("It belongs on", choice.kind, f"{usd(chosen.amount.likely)} USD a month"),
            ("The cheapest", cheapest.kind, f"{cheapest.name}, {usd(cheapest.amount.likely)} USD"),
        )
    )


def _volumes(choice: Choice, prices: Prices) -> str:
    lines = volumes(choice.workload, prices)
    rows = [(name, *(usd(x.likely) for x in amounts)) for name, amounts in lines.items()]
    shown = {
        name: [x.likely for x in amounts]
        for name, amounts in lines.items()
        if not name.endswith("on demand")
    }
    columns = ("way", *(f"{count:,}" for count in A_DAY))
    return figure(
        "The same work at other rates",
        "USD a month, likely, over messages a day; both scales grow by factors",
        plot(A_DAY, shown, "USD"),
        table("By messages a day", columns, rows, range(1, len(columns)), (0,)),
    )


def _costs(choice: Choice) -> str:
    able = [cost for cost in choice.costs if not cost.cannot]
    rows = [Bar(x.name, (x.amount.likely,), x.amount, x.kind == choice.kind) for x in able]
    data = [
        (x.name, usd(x.amount.low), usd(x.amount.likely), usd(x.amount.high), x.cannot or x.how)
        for x in choice.costs
    ]
    columns = ("way", "low", "likely", "high", "how, or why it cannot")
    return figure(
        "What can run it",
        "USD a month, likely; the thin line goes from low to high; the rule's choice in bold",
        bars(rows),
        table("Costs", columns, data, (1, 2, 3), (4,)),
    )
