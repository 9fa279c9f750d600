"""docs/scaling.md names every delay as the code has it."""

from pathlib import Path

import pytest

from infra.plan.scale import facts

DOCUMENT = Path("docs/scaling.md").read_text("utf-8")


@pytest.mark.parametrize("name", facts.DELAYS)
def test_a_delay_is_in_the_table_as_it_is_taken(name: str) -> None:
    fact = facts.DELAYS[name]
    (row,) = (line for line in DOCUMENT.splitlines() if line.startswith(f"| `{name}` |"))
    _, _, seconds, _, confirmed, _ = (cell.strip() for cell in row.split("|"))

    assert (float(seconds), confirmed) == (fact.value, "yes" if fact.confirmed else "no")
