"""From nothing to a reading of the fleet, by the ways that people have."""

import asyncio
import json
import time
from typing import Any

import httpx

from apps.fleet.client import system_ms
from infra.routes import load
from tests.compose.ledger import Front
from tests.compose.stack import ONCE, Stack, docker
from tests.support.until import until

DEVICE = "room-01"
# A stream is not held back: what is committed is there sooner than any buffer would fill.
SOON_S = 5


async def test_a_reading_of_the_fleet_is_at_the_api(front: Front) -> None:
    async with front.api() as api:
        page = await api.get("/v1/devices", uid=DEVICE)
        device = page["items"][0]["id"]

        async def is_fresh() -> bool:
            latest = await api.get(f"/v1/devices/{device}/latest")
            temp = latest["values"].get("temp", {"t": 0})
            return bool(latest["online"] and temp["t"] > system_ms() - 10_000)

        await until(is_fresh, f"a fresh reading of {DEVICE}")


async def test_readings_are_on_the_event_stream_as_they_come(front: Front) -> None:
    async with (
        front.http("dashboarding") as http,
        http.stream("GET", "/v1/live") as answer,
    ):
        assert answer.status_code == 200
        lines = answer.aiter_lines()
        await asyncio.wait_for(_next(lines, "snapshot"), SOON_S)
        frame = await asyncio.wait_for(_next(lines, "readings"), SOON_S)
        [_, t, *_] = (frame["r"] or frame["e"])[0]
        assert system_ms() - t < SOON_S * 1000


async def _next(lines: Any, name: str) -> Any:
    """The data of the next event with that name."""
    async for line in lines:
        if line == f"event: {name}":
            break
    async for line in lines:
        if line.startswith("data: "):
            return json.loads(line.removeprefix("data: "))
    raise AssertionError(f"the stream ended before {name}")


async def test_every_app_answers_at_its_own_host_name(front: Front) -> None:
    titles = set()
    for route in load().web:
        async with front.http(route.subdomain) as http:
            assert (await http.get("/readyz")).status_code == 200
            titles.add((await http.get("/v1/openapi.json")).json()["info"]["title"])
    assert len(titles) == len(load().web)


async def test_another_host_reaches_no_app(stack: Stack) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{stack.http_port}") as http:
        for host in ("", "fortress.localhost", "ingest.fortress.localhost", "api.example.com"):
            answer = await http.get("/healthz", headers={"Host": host} if host else {})
            assert answer.status_code == 404, host
            assert answer.json()["code"] == "no_such_host"


async def test_metrics_are_not_at_the_front(front: Front) -> None:
    for route in load().web:
        async with front.http(route.subdomain) as http:
            assert (await http.get("/metrics")).status_code == 404


def test_three_ports_are_published_on_this_machine_alone(stack: Stack) -> None:
    published = [
        (one["HostIp"], one["HostPort"])
        for service in stack.services(running=True)
        for outside in stack.inspect(service)["NetworkSettings"]["Ports"].values()
        for one in outside or []
    ]
    ports = (stack.http_port, stack.tcp_port, stack.teltonika_port)
    assert sorted(published) == sorted(("127.0.0.1", str(port)) for port in ports)


def test_apps_have_no_rights_beyond_their_own(stack: Stack) -> None:
    for service in {route.app for route in load().web} | {"ingest"}:
        about = stack.inspect(service)
        assert about["HostConfig"]["ReadonlyRootfs"]
        assert about["HostConfig"]["CapDrop"] == ["ALL"]
        assert about["Config"]["User"] == "10001:10001"


def test_what_runs_once_has_ended_well(stack: Stack) -> None:
    for service in ONCE:
        state = stack.inspect(service)["State"]
        assert (state["Status"], state["ExitCode"]) == ("exited", 0)


def test_starting_again_changes_nothing(stack: Stack) -> None:
    before = {service: stack.started(service) for service in stack.services(running=True)}
    done = stack.start("--profile", "fleet")
    assert done.returncode == 0, done.stderr
    assert {service: stack.started(service) for service in before} == before


def test_files_of_the_apps_can_be_written(stack: Stack) -> None:
    code = "from pathlib import Path; Path('/data/probe').write_text('1')"
    docker("exec", stack.container("reporting"), "python", "-c", code)


def test_the_doctor_finds_database_bus_and_storage_well(stack: Stack) -> None:
    began = time.monotonic()
    said = stack.fortress("doctor")
    wanted = {"settings", "database", "tables", "bus", "storage", "time zones"}
    assert {one["name"] for one in said["findings"] if one["ok"]} >= wanted
    assert time.monotonic() - began < 60
