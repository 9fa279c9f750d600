"""What `fortress plan compute` tells, as text and as JSON."""

from typing import Any

import msgspec

from infra.plan.articles import claims
from infra.plan.compute import A_DAY, Choice, volumes
from infra.plan.cost_text import claims_table
from infra.plan.money import usd
from infra.plan.prices import Prices
from infra.plan.text import section, table, wrapped


def text(choice: Choice, prices: Prices) -> str:
    """The choice, the reason, the costs, then the articles' figures."""
    said = [f"{choice.kind}: {choice.reason}."]
    if choice.remark:
        said.append(f"By price alone: {choice.remark}.")
    said.append(f"Prices of {prices.date}, {prices.region}, USD a month.")
    costs = [
        (x.name, usd(x.amount.low), usd(x.amount.likely), usd(x.amount.high), x.cannot or x.how)
        for x in choice.costs
    ]
    body = table(("way", "low", "likely", "high", "how, or why it cannot"), costs, (1, 2, 3))
    return "\n".join(
        [
            section("Workload", "\n".join(described(choice))),
            section("Where it belongs", "\n".join(wrapped(sentence) for sentence in said)),
            section("What it costs", body),
            section("By messages a day", _volumes(choice, prices)),
            section("The articles' figures", claims_table(claims(prices))),
        ]
    )


def _volumes(choice: Choice, prices: Prices) -> str:
    rows = [
        (name, *(usd(amount.likely) for amount in amounts))
        for name, amounts in volumes(choice.workload, prices).items()
    ]
    columns = ("way", *(f"{count:,}" for count in A_DAY))
    return table(columns, rows, range(1, len(columns)))


def described(choice: Choice) -> list[str]:
    """The workload in words."""
    load = choice.workload
    kind = "holds connections" if load.persistent else "holds no connections"
    gpu = "a" if load.gpu else "no"
    when = "runs all the time" if load.continuous else "is started by events"
    return [
        f"{kind}, {when}",
        f"{load.messages_a_day:,} a day of {load.duration_s} s, {load.cpu_percent}% computing",
        f"{load.memory_gb} GB of memory, {load.disk_gb} GB of disk, {gpu} GPU",
    ]


def document(choice: Choice, prices: Prices) -> dict[str, Any]:
    """Amounts are text, for they are decimals."""
    return {
        "workload": msgspec.to_builtins(choice.workload),
        "choice": choice.kind,
        "reason": choice.reason,
        "remark": choice.remark,
        "cheapest": choice.cheapest.name,
        "currency": "USD",
        "period": "month",
        "prices": {"date": str(prices.date), "region": prices.region},
        "costs": [
            {
                "kind": cost.kind,
                "name": cost.name,
                "low": _plain(cost.amount.low),
                "likely": _plain(cost.amount.likely),
                "high": _plain(cost.amount.high),
                "how": cost.how,
                "cannot": cost.cannot,
            }
            for cost in choice.costs
        ],
        "volumes": {
            name: [
                {"messages_a_day": count, "likely": _plain(amount.likely)}
                for count, amount in zip(A_DAY, amounts, strict=True)
            ]
            for name, amounts in volumes(choice.workload, prices).items()
        },
        "articles": [msgspec.to_builtins(claim) for claim in claims(prices)],
    }


def _plain(amount: Any) -> str:
    return usd(amount).replace(",", "")
