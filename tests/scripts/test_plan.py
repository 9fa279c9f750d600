import json
from pathlib import Path

import pytest

from scripts import plan


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(plan, "OUT", tmp_path)
    return tmp_path


def test_a_plan_is_written_as_text_page_and_document(out: Path) -> None:
    assert plan.write("events", ["compute", "--duration-s", "0.2"])
    assert "Where it belongs" in (out / "events.txt").read_text("utf-8")
    assert (out / "events.html").read_text("utf-8").startswith("<!doctype html>")
    assert json.loads((out / "events.json").read_text("utf-8"))["choice"] == "Lambda"


def test_a_plan_that_cannot_be_reckoned_has_failed(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not plan.write("wrong", ["compute", "--duration-s", "0"])
    assert "has to be more than 0" in capsys.readouterr().err
    assert not (out / "wrong.html").exists()


def test_every_environment_has_its_budget_asked() -> None:
    asked = " ".join(plan.PLANS.values())
    assert "{production}" in asked
    assert "{staging}" in asked
