"""`python -m scripts.plan`: all that `fortress plan` can tell of the templates, into var/plan.

Fails when an environment would cost more than its budget, or when anything cannot be reckoned.
"""

import sys
from contextlib import redirect_stdout
from pathlib import Path

from apps.cli.main import run
from infra.environments import load

OUT = Path("var/plan")
# The arguments by the name of the files; {production} and {staging} are budgets.
PLANS = {
    "cost": "cost --budget {production}",
    "cost-staging": "cost --environment staging --load pilot --plan none --budget {staging}",
    "scale-devices-at-3am": "scale --arrivals devices-at-3am",
    "scale-month-end-reporting": "scale --arrivals month-end-reporting",
    # Ingest as it is, a row of the second article's table, a nightly job on a large disk.
    "compute-ingest": "compute --persistent --messages-a-day 14400000 --duration-s 0.005",
    "compute-events": "compute --duration-s 0.2 --messages-a-day 1000000",
    "compute-nightly": "compute --duration-s 5400 --messages-a-day 1 --memory-gb 8 --disk-gb 500",
}


def write(name: str, arguments: list[str]) -> bool:
    """Text, page and document. False: it failed, and said why."""
    page = ["--html", str(OUT / f"{name}.html")]
    codes = []
    for suffix, more in (("txt", page), ("json", ["--json"])):
        with (OUT / f"{name}.{suffix}").open("w", encoding="utf-8") as file, redirect_stdout(file):
            codes.append(run(["plan", *arguments, *more]))
    return not any(codes)


def main() -> int:
    OUT.mkdir(parents=True, exist_ok=True)
    budgets = {name: load(name).budget_usd for name in ("production", "staging")}
    outcomes = {name: write(name, text.format(**budgets).split()) for name, text in PLANS.items()}
    for name, well in outcomes.items():
        sys.stdout.write(f"{'ok    ' if well else 'FAILED'} {OUT / name}.{{txt,json,html}}\n")
    summary = (OUT / "cost.txt").read_text("utf-8").split("\n\n")[1:3]
    sys.stdout.write("\n".join(["", *summary, ""]))
    return not all(outcomes.values())


if __name__ == "__main__":
    sys.exit(main())
