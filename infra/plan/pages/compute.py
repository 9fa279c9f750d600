"""Where a workload belongs, as a page."""

from infra.plan.articles import claims
from infra.plan.compute import Choice
from infra.plan.compute_report import described
from infra.plan.money import usd
from infra.plan.pages.bars import Bar, bars
from infra.plan.pages.claims import claims_table
from infra.plan.pages.shell import figure, items, page, paragraph, table
from infra.plan.prices import Prices


def render(choice: Choice, prices: Prices) -> str:
    """One HTML document without scripts and without addresses that it would load from."""
    lead = paragraph(f"Prices of {prices.date}, {prices.region}.", "soft")
    said = paragraph(f"{choice.kind}: {choice.reason}.")
    if choice.remark:
        said += paragraph(f"By price alone: {choice.remark}.")
    sections = [
        ("workload", "Workload", items(described(choice))),
        ("choice", "Where it belongs", said + items(RULE)),
        ("costs", "What it costs", _costs(choice)),
        ("articles", "The articles' figures", claims_table(claims(prices))),
    ]
    return page("Which compute", lead, sections, paragraph("Made by `fortress plan compute`."))


RULE = (
    "first: persistent connections → Fargate",
    "then: event-driven and short → Lambda",
    "then: continuous, large disk or GPU → EC2",
    "what a kind cannot do at all overrules the order",
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
