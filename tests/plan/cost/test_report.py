from decimal import Decimal
from pathlib import Path

import pytest

from infra.plan import report
from infra.plan.cost_text import render
from infra.plan.load import preset
from infra.plan.report import FLEETS, Report, document
from tests.plan.cost.full import written


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = written(tmp_path_factory.mktemp("synth"))
    return report.reckon("production", preset("articles"), folder=folder)


def test_the_shape_of_the_template_comes_first_and_is_the_bill(made: Report) -> None:
    assert made.shapes[0].total == made.bill.total


def test_functions_are_paid_for_every_message(made: Report) -> None:
    (shape,) = (shape for shape in made.shapes if shape.name.endswith("DynamoDB"))
    added = {line.what: line.quantity.likely for line in shape.added}
    assert added["Lambda calls"] == added["IoT Core messages"] == added["DynamoDB writes"] == 438


def test_connections_of_iot_core_are_paid_by_the_minute(made: Report) -> None:
    (shape,) = (shape for shape in made.shapes if shape.name.endswith("DynamoDB"))
    (minutes,) = (line for line in shape.added if line.what == "IoT Core connections")
    assert minutes.amount.likely == Decimal(219) * Decimal("0.08")


def test_functions_run_no_ingest(made: Report) -> None:
    for shape in made.shapes[1:3]:
        assert not [line for line in shape.lines if line.app == "ingest"]


def test_machines_replace_all_containers(made: Report) -> None:
    for shape in made.shapes[3:]:
        assert not [line for line in shape.lines if line.group == "containers"]


def test_reserved_machines_cost_less_than_those_on_demand(made: Report) -> None:
    on_demand, plan, reserved = (shape.total.likely for shape in made.shapes[3:])
    assert reserved < plan < on_demand


def test_every_shape_is_reckoned_for_every_fleet(made: Report) -> None:
    assert {len(totals) for totals in made.fleets.values()} == {len(FLEETS)}
    assert made.fleets.keys() == {shape.name for shape in made.shapes}


def test_the_reach_is_told_with_the_high_figure(made: Report) -> None:
    assert str(made.bill.total.high.quantize(Decimal("0.01"))) in made.verdict


def test_one_way_out_and_one_database_are_those_that_are_built(made: Report) -> None:
    assert [way.name for way in made.ways_out if way.built] == ["NAT gateways in 1 of 2 zones"]
    assert not [choice for choice in made.databases if choice.built]


def test_the_built_database_is_found_among_the_choices(tmp_path: Path) -> None:
    folder = written(tmp_path)
    file = next(folder.glob("*/*.json"))
    again = file.read_text().replace('"Writer"', '"Reader"')
    (file.parent / "more.template.json").write_text(again)
    found = report.reckon("production", preset("pilot"), folder=folder).databases
    assert [choice.name for choice in found if choice.built] == ["2 x t4g.medium, Standard"]


def test_prices_that_nobody_confirmed_are_named(made: Report) -> None:
    assert "fargate.plan.1y.share" in made.unconfirmed


def test_the_document_adds_up(made: Report) -> None:
    told = document(made)
    lines = sum(Decimal(line["amount"]["likely"]) for line in told["lines"])
    assert abs(lines - Decimal(told["total"]["likely"])) < Decimal("0.5")
    assert told["reach"]["met"] is (Decimal(told["total"]["likely"]) <= 750)


def test_every_line_of_the_document_names_its_sources(made: Report) -> None:
    for line in document(made)["lines"]:
        assert line["items"]
        assert all(url.startswith("https://aws.amazon.com/") for url in line["sources"])


def test_the_text_has_every_line_and_every_assumption(made: Report) -> None:
    text = render(made)
    assert all(line.what in text for line in made.bill.lines)
    joined = " ".join(text.split())
    assert all(" ".join(assumed.split()) in joined for assumed in made.assumptions)


def test_columns_of_numbers_end_at_the_right(made: Report) -> None:
    lines = render(made).split("By group")[1].splitlines()
    ends = {len(line) for line in lines[3:12] if line and not line.startswith("=")}
    assert len(ends) == 1
