import json
from pathlib import Path

import pytest

from apps.cli.main import run

Capture = pytest.CaptureFixture[str]


def test_a_workload_is_placed_with_its_reason(capsys: Capture) -> None:
    assert run(["plan", "compute", "--persistent"]) == 0
    assert "Fargate: it holds connections" in capsys.readouterr().out


def test_the_cheapest_is_told_where_it_is_another(capsys: Capture) -> None:
    assert run(["plan", "compute", "--messages-a-day", "10000000"]) == 0
    assert "By price alone: the cheapest is" in capsys.readouterr().out


def test_the_document_has_every_cost_and_claim(capsys: Capture) -> None:
    assert run(["plan", "compute", "--continuous", "--gpu", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["choice"] == "EC2"
    assert {cost["kind"] for cost in told["costs"]} == {"Fargate", "Lambda", "EC2"}
    assert len(told["articles"]) > 15


def test_a_page_is_written_where_it_is_asked_for(tmp_path: Path, capsys: Capture) -> None:
    page = tmp_path / "new" / "compute.html"
    assert run(["plan", "compute", "--html", str(page)]) == 0
    assert page.read_text().startswith("<!doctype html>")
    assert "Where it belongs" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--duration-s", "soon"], "not a number"),
        (["--duration-s", "0"], "has to be more than 0"),
        (["--memory-gb", "64"], "the largest task"),
        (["--cpu-percent", "0"], "from 1 to 100"),
    ],
)
def test_a_workload_that_cannot_be_is_one_sentence(
    arguments: list[str], said: str, capsys: Capture
) -> None:
    assert run(["plan", "compute", *arguments]) == 1
    assert said in capsys.readouterr().err
