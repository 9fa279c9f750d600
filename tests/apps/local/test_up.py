"""`fortress up`, started as a person starts it."""

import json
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.apps.local.launch import APPS, Up, refused, up
from tests.support.servers import free_port, wait_until

# A request that never comes to its end: what is under way when it stops.
UNFINISHED = (
    "POST /v1/devices HTTP/1.1\r\nHost: api.fortress.localhost\r\nAuthorization: Bearer {key}\r\n"
    "Content-Type: application/json\r\nContent-Length: 9\r\n\r\n"
)
CURL = r"^(curl [^\n]+)$"
NC = r"^(nc .*?^END)$"
REPLAY = r"^([^\n]*fortress replay [^\n]+)$"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with up(tmp_path_factory.mktemp("up")) as started:
        yield started


@pytest.mark.parametrize("app", APPS)
def test_each_app_answers_at_its_name(running: Up, app: str) -> None:
    assert f"http://{app}.fortress.localhost:{running.port}" in running.screen
    assert running.get("/readyz", app).json() == {"status": "ok"}
    assert app in running.get("/v1/openapi.json", app).json()["info"]["title"].lower()


def test_a_name_that_is_no_app_gets_nothing(running: Up) -> None:
    assert running.get("/v1/devices", "www").status_code == httpx.codes.NOT_FOUND


def test_the_screen_fits(running: Up) -> None:
    assert len(running.screen.splitlines()) <= 30


def test_the_curl_on_the_screen_shows_devices(running: Up) -> None:
    done = running.type(running.said(CURL))
    assert len(json.loads(done.stdout)["items"]) == 3


def test_the_nc_on_the_screen_stores_a_reading(running: Up) -> None:
    before = len(running.readings("first-steps"))
    done = running.type(running.said(NC))
    hello, ack = (json.loads(line) for line in done.stdout.splitlines())
    after = running.readings("first-steps")
    assert (hello["ok"], ack) == (1, {"a": 1})
    assert len(after) == before + 1
    assert after[-1]["v"] == {"temp": 21.5, "occupied": True}
    assert after[-1]["boot"] == hello["boot"]


def test_the_replay_on_the_screen_stores_a_file(running: Up) -> None:
    done = running.type(running.said(REPLAY))
    assert done.returncode == 0, done.stderr
    assert len(running.readings("room")) == 144


def test_the_fleet_is_seen_to_live(running: Up) -> None:
    def seen() -> bool:
        return all(
            running.device(f"{kind}-01")["online"] for kind in ("room", "charger", "tracker")
        )

    wait_until(seen, "the fleet")
    wait_until(lambda: len(running.readings("room-01")) > 1, "two readings")


def test_secrets_are_readable_by_their_owner_only(running: Up) -> None:
    assert (running.var / "demo.json").stat().st_mode & 0o777 == 0o600
    assert running.key in (running.var / "demo.json").read_text()


def test_nothing_but_the_screen_is_on_the_terminal(running: Up) -> None:
    assert running.screen.splitlines()[0] == "Fortress is running"
    assert "WARN" not in running.screen
    assert "ERROR" not in running.screen


def test_the_log_is_in_its_file(running: Up) -> None:
    lines = (running.var / "log" / "fortress.log").read_text("utf-8").splitlines()
    assert all("message" in json.loads(line) for line in lines)


def test_a_file_that_is_no_database_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "fortress.db").write_text("this is no database " * 100)
    done = refused(tmp_path, PORT=str(free_port()), TCP_PORT=str(free_port()))
    assert done.returncode == 1
    assert done.stderr.startswith("the database cannot be used (file is not a database)")
    assert done.stderr.count("\n") == 1


def test_a_second_one_in_the_same_folder_is_refused(running: Up) -> None:
    done = refused(running.var.parent)
    assert done.returncode != 0
    assert f"(process {running.process.pid})" in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 3


def test_it_drains_and_starts_again_with_the_same_data(tmp_path: Path) -> None:
    with up(tmp_path, FLEET="0") as first:
        first.type(first.said(NC))
        key, stored = first.key, first.readings("first-steps")
        assert first.stop(signal.SIGTERM) == 0
        assert first.screen.endswith("Stopped.\n")
    with up(tmp_path, FLEET="0") as second:
        assert second.key == key
        assert second.readings("first-steps") == stored
        assert [device["uid"] for device in second.items("/v1/devices")] == ["first-steps"]
        assert second.stop(signal.SIGINT) == 0


def test_a_device_is_told_before_it_stops(tmp_path: Path) -> None:
    with (
        up(tmp_path, FLEET="0") as here,
        socket.create_connection(("127.0.0.1", here.tcp_port), timeout=20) as device,
    ):
        hello, reading = here.said(NC).splitlines()[1:3]
        device.sendall(hello.replace("$(date +%s)", "7").encode() + b"\n")
        lines = device.makefile("rb")
        assert json.loads(lines.readline())["ok"] == 1
        device.sendall(reading.encode() + b"\n")
        here.process.send_signal(signal.SIGTERM)
        rest = [json.loads(line) for line in lines]
        assert {"a": 1} in rest
        assert any(line.get("bye") == 1 for line in rest)
        assert here.process.wait(30) == 0


def test_an_open_live_stream_does_not_hold_it_up(tmp_path: Path) -> None:
    with up(tmp_path, FLEET="1") as here:
        headers = {"Host": "dashboarding.fortress.localhost", "Authorization": f"Bearer {here.key}"}
        url = f"http://127.0.0.1:{here.port}/v1/live"
        with httpx.stream("GET", url, headers=headers, timeout=30) as stream:
            next(stream.iter_raw())
            assert here.stop() == 0


def test_the_internal_port_has_the_metrics_of_all_apps(tmp_path: Path) -> None:
    internal = f"http://127.0.0.1:{(port := free_port())}"
    with up(tmp_path, FLEET="0", FORTRESS_INTERNAL_PORT=str(port)) as here:
        here.get("/v1/devices")
        here.get("/v1/meters", "billing")
        metrics = httpx.get(f"{internal}/metrics").text
        assert httpx.get(f"{internal}/readyz").status_code == httpx.codes.OK
        assert here.stop() == 0
    for app, route in (("api", "/v1/devices"), ("billing", "/v1/meters")):
        assert f'requests_total{{app="{app}",method="GET",route="{route}",status="200"}}' in metrics


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    with (
        up(tmp_path, FLEET="0") as here,
        socket.create_connection(("127.0.0.1", here.port), timeout=20) as slow,
    ):
        slow.sendall(UNFINISHED.format(key=here.key).encode())
        here.get("/healthz")
        here.process.send_signal(signal.SIGINT)
        wait_until(lambda: "Stopping" in here.screen, "the first signal")
        wait_until(lambda: here.ended(signal.SIGINT), "the end")
        assert here.process.returncode == 128 + signal.SIGINT


@pytest.mark.parametrize("setting", ["PORT", "TCP_PORT"])
def test_a_port_in_use_is_one_sentence_and_nothing_starts(tmp_path: Path, setting: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        done = refused(tmp_path, **{setting: port})
    assert done.returncode != 0
    assert f"port {port} is in use" in done.stderr
    assert f"make run {setting}=" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "var" / "fortress.db").exists()


def test_a_setting_that_is_no_number_is_one_sentence(tmp_path: Path) -> None:
    done = refused(tmp_path, PORT="eighty")
    assert done.returncode != 0
    assert "PORT" in done.stderr
    assert "Traceback" not in done.stderr
