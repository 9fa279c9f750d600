import builtins
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from apps.cli.main import run
from tests.plan.cost.full import written

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def synth(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(written(tmp_path_factory.mktemp("synth")))


def told(capsys: Capture, synth: str, *arguments: str) -> Any:
    assert run(["plan", "cost", "--synth", synth, "--json", *arguments]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_bill_is_told_as_text(synth: str, capsys: Capture) -> None:
    assert run(["plan", "cost", "--synth", synth]) == 0
    text = capsys.readouterr().out
    assert "USD a month is under 750" in text
    assert "Ways out of the private subnets" in text


def test_flags_change_the_load(synth: str, capsys: Capture) -> None:
    load = told(capsys, synth, "--devices", "7", "--interval-s", "9", "--readers", "3")["load"]
    assert (load["devices"], load["interval_s"], load["readers"]) == (7, 9, 3)
    assert load["name"] == "articles, changed"


def test_peaks_replace_those_of_the_load(synth: str, capsys: Capture) -> None:
    load = told(capsys, synth, "--peak", "billing:3:4.5")["load"]
    assert load["peaks"] == [{"app": "billing", "tasks": 3, "hours": "4.5"}]


def test_a_plan_changes_the_total(synth: str, capsys: Capture) -> None:
    none, three = (
        told(capsys, synth, "--plan", plan)["total"]["likely"] for plan in ("none", "3y")
    )
    assert float(three) < float(none)


def test_a_page_is_written_where_it_is_asked_for(
    synth: str, tmp_path: Path, capsys: Capture
) -> None:
    page = tmp_path / "new" / "cost.html"
    assert run(["plan", "cost", "--synth", synth, "--html", str(page)]) == 0
    assert page.read_text("utf-8").startswith("<!doctype html>")
    assert "Lines" in capsys.readouterr().out


def test_a_page_that_cannot_be_written_says_why(
    synth: str, tmp_path: Path, capsys: Capture
) -> None:
    assert run(["plan", "cost", "--synth", synth, "--html", str(tmp_path)]) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_a_budget_that_is_missed_ends_with_one(synth: str, capsys: Capture) -> None:
    assert run(["plan", "cost", "--synth", synth, "--budget", "10"]) == 1
    assert "--budget is missed" in capsys.readouterr().err
    assert run(["plan", "cost", "--synth", synth, "--budget", "750"]) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--environment", "moon"], "run `make synth`"),
        (["--load", "huge"], "choose one of articles, pilot, national"),
        (["--plan", "2y"], "choose one of none, 1y, 3y"),
        (["--devices", "0"], "devices is 0"),
        (["--peak", "reporting"], "write APP:TASKS:HOURS"),
    ],
)
def test_what_cannot_be_reckoned_is_one_sentence(
    arguments: list[str], said: str, synth: str, capsys: Capture
) -> None:
    assert run(["plan", "cost", "--synth", synth, *arguments]) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("command", ["cost", "compute"])
def test_without_a_clone_the_command_says_that_it_needs_one(
    command: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = builtins.__import__

    def without(
        name: str,
        globals_: Mapping[str, object] | None = None,
        locals_: Mapping[str, object] | None = None,
        fromlist: Sequence[str] = (),
        level: int = 0,
    ) -> Any:
        if name.startswith("infra"):
            raise ModuleNotFoundError(f"No module named {name!r}", name="infra")
        return whole(name, globals_, locals_, fromlist, level)

    for name in [name for name in sys.modules if name.startswith("infra.plan")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without)
    assert run(["plan", command]) == 1
    assert "in a clone of the repository" in capsys.readouterr().err


def test_reckoning_starts_no_construct_library() -> None:
    modules = "infra.plan.report, infra.plan.compute_report, infra.plan.pages.cost"
    code = f"import sys, {modules}; sys.exit('aws_cdk' in sys.modules or 'jsii' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
