import signal
from dataclasses import replace
from pathlib import Path

import pytest

from apps.api.main import create_app
from apps.cli.simulate import conclude
from apps.fleet.simulator import Report
from shared.web.services import Services
from tests.apps.cli.conftest import Fortress, Service, outcome
from tests.support.http import client
from tests.support.servers import free_port
from tests.support.until import until


async def test_a_simulation_ends_with_a_verdict(service: Service) -> None:
    ended = await service.fortress(
        "simulate", "--devices", 6, "--rate", 300, "--seconds", 1, "--faults", "all", "--seed", 5
    )
    report = ended.document
    assert (ended.code, ended.err) == (0, "")
    assert report["ok"]
    assert report["acked"] == report["sent"] == 300
    assert report["faults"]["reorder"] == 6


async def test_trackers_that_send_again_have_each_record_there_once(service: Service) -> None:
    trackers = replace(service, tcp_port=service.teltonika_port)
    ended = await trackers.fortress(
        *("simulate", "--teltonika", "--devices", 5, "--rate", 500, "--seconds", 1, "--seed", 5),
        *("--faults", "all", "--prefix", service.tenant.public_id),
    )
    report = ended.document
    assert (ended.code, ended.err) == (0, "")
    assert report["acked"] == report["sent"] == report["verdict"]["stored"] == 500
    assert report["faults"]["cut"] > 0


def test_a_simulation_that_nobody_heard_accuses_nobody(
    capsys: pytest.CaptureFixture[str],
) -> None:
    waiting = Report(devices=1, seconds=1.0, sent=5, acked=0, waiting=5, connects=0, stopped=False)
    conclude(waiting)
    said = capsys.readouterr().err
    assert "No device could connect" in said
    assert "promise" not in said


async def test_ctrl_c_ends_a_simulation_with_its_verdict(
    service: Service, services: Services
) -> None:
    process = await service.start("simulate", "--devices", 3, "--rate", 100, "--seconds", 600)
    await until(lambda: sending(services, service))
    ended = await outcome(process, signal.SIGINT)
    assert ended.code == 0
    assert ended.document["stopped"]
    assert ended.document["ok"]
    assert ended.document["acked"] == ended.document["sent"] > 0


async def sending(services: Services, service: Service) -> bool:
    """Whether a device has had something committed."""
    async with client(create_app(services=services), "api") as http:
        page = await http.get("/v1/devices?online=true", headers=service.tenant.headers)
        return bool(page.json()["items"])


async def test_a_file_is_replayed_and_again_changes_nothing(
    service: Service, tmp_path: Path
) -> None:
    path = tmp_path / "room.csv"
    path.write_text("time,temp\n" + "".join(f"{1000 + n},{n}\n" for n in range(50)))
    first = await service.fortress("replay", path)
    second = await service.fortress("replay", path)
    assert (first.code, first.document["acked"]) == (0, 50)
    assert (second.code, second.document["already"], second.document["sent"]) == (0, 50, 0)


async def test_a_replay_with_bad_rows_reports_them_and_goes_on(
    service: Service, tmp_path: Path
) -> None:
    path = tmp_path / "room.csv"
    path.write_text("Zeit;Temp;id\n21.11.2025 17:00;1;a\nheute;2;a\n21.11.2025 17:01;3;b\n")
    ended = await service.fortress(
        *("replay", path, "--map", "temp=Temp", "--time", "Zeit", "--device-column", "id"),
        *("--format", "%d.%m.%Y %H:%M", "--zone", "Europe/Brussels"),
    )
    assert ended.code == 1
    assert ended.document["bad"] == [[3, "heute is not a time like %d.%m.%Y %H:%M"]]
    assert (ended.document["acked"], ended.document["devices"]) == (2, 2)


async def test_ctrl_c_ends_a_replay_with_130(
    service: Service, services: Services, tmp_path: Path
) -> None:
    path = tmp_path / "room.csv"
    path.write_text("t,n\n1000,1\n2000,2\n900000000,3\n")
    process = await service.start("replay", path, "--speed", "1")
    await until(lambda: sending(services, service))
    ended = await outcome(process, signal.SIGINT)
    assert ended.code == 130
    assert ended.document["stopped"]
    assert ended.document["acked"] == ended.document["sent"]


async def test_an_api_that_does_not_answer_is_one_sentence(fortress: Fortress) -> None:
    ended = fortress("simulate", "--key", "fk_x", "--api", f"http://127.0.0.1:{free_port()}")
    assert ended.code == 1
    assert "does not answer" in ended.err
    assert ended.err.count("\n") == 1
