import json
from pathlib import Path

import pytest

from apps.cli.main import run
from infra.plan.scale.command import Asked, plan
from shared.errors import ConfigurationError, Invalid
from tests.plan.scale.described import EDGE, SERVICES

Capture = pytest.CaptureFixture[str]
STORM = "time,arrivals,over_s\n03:00,0,\n03:01,5000,1\n03:02,0,\n"


@pytest.fixture
def synth(tmp_path: Path) -> Path:
    folder = tmp_path / "synth" / "production"
    folder.mkdir(parents=True)
    for name, body in {"services": {"Resources": SERVICES}, "edge": EDGE}.items():
        (folder / f"fortress-production-{name}.template.json").write_text(json.dumps(body))
    return folder.parent


@pytest.fixture
def storm(tmp_path: Path) -> str:
    file = tmp_path / "storm.csv"
    file.write_text(STORM)
    return str(file)


def command(synth: Path, storm: str, *more: str) -> int:
    arguments = ("plan", "scale", "--arrivals", storm, "--app", "ingest", "--synth", str(synth))
    return run([*arguments, *more])


def test_it_prints_the_answers_the_plot_and_the_comparison(
    synth: Path, storm: str, capsys: Capture
) -> None:
    code = command(synth, storm)

    said = capsys.readouterr().out
    assert code == 0
    assert "everyone is served within  3 s, half within" in said
    assert "tasks (█ on demand, ▒ Spot)" in said
    assert "as the template says" in said
    assert max(map(len, said.splitlines()[:-1])) <= 100


def test_what_is_missed_is_said_and_is_exit_code_1(
    synth: Path, storm: str, capsys: Capture
) -> None:
    code = command(synth, storm, "--within", "2")

    assert code == 1
    assert "the slowest waited 3 s; 2 s were asked for" in capsys.readouterr().err


def test_what_is_kept_is_exit_code_0(synth: Path, storm: str) -> None:
    assert command(synth, storm, "--within", "3") == 0


def test_as_json_it_is_one_document_with_everything_it_rests_on(
    synth: Path, storm: str, capsys: Capture
) -> None:
    command(synth, storm, "--json", "--delay", "provision=40")

    said = json.loads(capsys.readouterr().out)
    first = said["variations"][0]
    assert (said["ok"], said["delays_s"]["provision"], said["service"]["cpu"]) == (True, 40, 512)
    assert first["answers"]["longest_s"] == 3
    assert first["samples"][-1]["usd"] == first["answers"]["usd"]


def test_page_and_charts_are_written_whole(synth: Path, storm: str, tmp_path: Path) -> None:
    page, charts = tmp_path / "new" / "plan.html", tmp_path / "plan.svg"
    command(synth, storm, "--html", str(page), "--svg", str(charts))

    assert page.read_text().endswith("</html>\n")
    assert "http" not in page.read_text().replace("http://www.w3.org", "")
    assert charts.read_text().startswith('<svg xmlns="http://www.w3.org/2000/svg"')


def test_a_title_cannot_break_out_of_the_page(synth: Path, tmp_path: Path) -> None:
    rows = [{"time": 0, "arrivals": 1}, {"time": 60, "arrivals": 0}]
    file = tmp_path / "evil.json"
    file.write_text(json.dumps({"app": "ingest", "title": "</title><script>x", "rows": rows}))

    page = plan(Asked(arrivals=str(file), synth=synth)).page

    assert "<script>x" not in page


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--app", "bastion"), "storm: bastion is not one of api, reporting"),
        (("--app", "billing"), "billing does not scale; of the templates, these do: api,"),
        (("--environment", "moon"), "run `make synth` first"),
        (("--minimum", "21"), "--minimum: ingest runs 1 to 20 tasks, not 21"),
        (("--interrupt-spot", "noon"), "--interrupt-spot: 'noon' is no time, such as 03:20"),
        (("--interrupt-spot", "04:00"), "is not between 03:00:00 and 03:03:00"),
        (("--delay", "start"), "--delay: 'start' is not NAME=SECONDS"),
        (("--delay", "lunch=3600"), "--delay: lunch is not of embedded_metric"),
        (("--delay", "start=-1"), "--delay: start is 0 to 3600 seconds, not -1"),
        (("--delay", "start=nan"), "--delay: start is 0 to 3600 seconds, not nan"),
        (("--html", "/dev/null/plan.html"), "/dev/null/plan.html cannot be written"),
    ],
)
def test_a_mistake_is_one_sentence_with_a_remedy(
    synth: Path, storm: str, capsys: Capture, more: tuple[str, ...], said: str
) -> None:
    code = command(synth, storm, *more)

    assert code == 1
    assert said in capsys.readouterr().err


def test_errors_of_the_curve_come_before_those_of_the_template(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="--arrivals"):
        plan(Asked(arrivals="nothing", synth=tmp_path))
    with pytest.raises(ConfigurationError, match="make synth"):
        plan(Asked(arrivals="devices-at-3am", synth=tmp_path))
