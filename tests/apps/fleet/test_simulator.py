from typing import Any

import pytest

from apps.fleet.api import Api
from apps.fleet.client import system_ms
from apps.fleet.errors import DeviceRefused
from apps.fleet.faulty import RememberingOutbox
from apps.fleet.kinds import KINDS, PROFILES, say
from apps.fleet.registry import Registry
from apps.fleet.scenario import Fault, Scenario
from apps.fleet.simulated import Boot
from apps.fleet.simulator import Progress, Report, Simulation
from apps.fleet.verdict import Stored, Verdict
from shared.readings.check import check, profile
from tests.apps.fleet.toy_service import ToyService, toy_service


def scenario(**more: Any) -> Scenario:
    plain = {"devices": 6, "rate": 600, "seconds": 0.5, "start_ms": system_ms(), "seed": 7}
    return Scenario(**{**plain, **more})


async def simulate(toy: ToyService, plan: Scenario, **more: Any) -> Report:
    async with toy.api() as api:
        simulation = Simulation(plan, api, Registry(api), host="127.0.0.1", port=toy.port, **more)
        return await simulation.run()


async def test_without_faults_everything_is_acknowledged_and_stored() -> None:
    async with toy_service() as toy:
        report = await simulate(toy, scenario())
    assert report.ok
    assert (report.sent, report.acked, report.verdict.stored) == (300, 300, 300)
    assert report.connects == 6


@pytest.mark.parametrize("fault", list(Fault))
async def test_a_fault_loses_and_doubles_nothing(fault: Fault) -> None:
    plan = scenario(faults=frozenset({fault}))
    async with toy_service() as toy:
        report = await simulate(toy, plan)
    assert report.verdict.examples == []
    assert report.ok
    assert report.acked == report.sent == 300


async def test_all_faults_at_once_lose_and_double_nothing() -> None:
    async with toy_service() as toy:
        report = await simulate(toy, scenario(devices=12, faults=frozenset(Fault)))
        assert toy.rejects > 0
    assert report.verdict.examples == []
    assert report.ok
    assert set(report.faults) >= {"half-open", "duplicates", "reorder", "garbage", "storm"}
    assert report.connects > 12 * 2


async def test_restarted_devices_send_what_was_left_under_the_old_boot() -> None:
    async with toy_service() as toy:
        report = await simulate(toy, scenario(faults=frozenset({Fault.reorder})))
        boots = {boot for rows in toy.stored.values() for boot, _ in rows}
    assert report.ok
    assert len(boots) == 12


async def test_duplicates_reach_the_server_and_are_stored_once() -> None:
    async with toy_service() as toy:
        report = await simulate(toy, scenario(faults=frozenset({Fault.duplicates})))
        assert toy.received > report.sent
    assert report.verdict.stored == 300


@pytest.mark.parametrize(
    ("broken", "found"), [("loses", "missing"), ("doubles", "duplicated"), ("alters", "differing")]
)
async def test_a_service_that_breaks_its_promise_is_found_out(broken: str, found: str) -> None:
    async with toy_service(**{broken: 3}) as toy:
        report = await simulate(toy, scenario(devices=3))
    assert not report.ok
    assert getattr(report.verdict, found) == 3
    assert len(report.verdict.examples) == 3


async def test_a_clock_far_ahead_must_be_rejected() -> None:
    async with toy_service() as toy:
        report = await simulate(toy, scenario(faults=frozenset({Fault.clock_skew})))
    assert report.ok
    assert report.verdict.rejected > 0
    assert report.verdict.stored == report.sent - report.verdict.rejected


def test_a_rejection_that_got_lost_with_its_connection_is_no_missing_message() -> None:
    life = scenario(start_ms=5, faults=frozenset({Fault.clock_skew})).life(0)
    far = min(life.far)
    record = Boot(1, 0, RememberingOutbox(1, 10), acked=far + 1)
    stored = [Stored(1, n + 1, life.t(n), *life.message(n)) for n in range(far)]
    verdict = Verdict()
    verdict.judge(life, [record], far + 1, stored)
    assert verdict.ok


async def test_it_can_be_stopped_and_still_drains_and_judges() -> None:
    async with toy_service() as toy, toy.api() as api:

        def stop(_progress: Progress) -> None:
            simulation.stop.set()

        simulation = Simulation(
            scenario(seconds=60),
            api,
            Registry(api),
            host="127.0.0.1",
            port=toy.port,
            on_progress=stop,
        )
        report = await simulation.run()
    assert report.stopped
    assert report.ok
    assert 0 < report.sent < 36_000


async def test_a_device_that_belongs_to_somebody_is_not_taken() -> None:
    async with toy_service() as toy:
        toy.tokens["sim-room-0"] = "dt_theirs"
        with pytest.raises(DeviceRefused, match="--rotate"):
            await simulate(toy, scenario())


async def test_a_token_may_be_replaced_when_asked(tmp_path: Any) -> None:
    async with toy_service() as toy, toy.api() as api:
        toy.tokens["a"] = "dt_theirs"
        known = await Registry(api, tmp_path, rotate=True).ensure(["a", "b"])
        assert known["a"].token == toy.tokens["a"] == "dt_new_a"
        again = await Registry(api, tmp_path).ensure(["a", "b"])
        assert again == known
    [file] = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


async def test_a_refused_device_ends_the_simulation() -> None:
    async with toy_service() as toy, toy.api() as api:
        registry = Registry(api)
        await registry.ensure(["sim-room-0"])
        toy.tokens["sim-room-0"] = "dt_changed"
        simulation = Simulation(
            scenario(seconds=30), api, registry, host="127.0.0.1", port=toy.port
        )
        with pytest.raises(DeviceRefused, match="unauthorized"):
            await simulation.run()


async def test_names_under_localhost_go_to_this_machine() -> None:
    async with Api("http://api.fortress.localhost:8000", "fk_key") as api:
        assert str(api._http.base_url) == "http://127.0.0.1:8000"
        assert api._http.headers["Host"] == "api.fortress.localhost:8000"


def test_the_same_seed_tells_the_same_story() -> None:
    faults = frozenset(Fault)
    one, two = scenario(start_ms=5, faults=faults), scenario(start_ms=5, faults=faults)
    for index in range(6):
        a, b = one.life(index), two.life(index)
        assert (a.uid, a.strikes, a.far, a.skew_ms, a.boot(0)) == (
            b.uid,
            b.strikes,
            b.far,
            b.skew_ms,
            b.boot(0),
        )
        assert [a.message(n) for n in range(20)] == [b.message(n) for n in range(20)]


def test_another_seed_or_start_is_another_story() -> None:
    here = scenario(start_ms=5)
    assert here.life(0).boot(0) != scenario(start_ms=6).life(0).boot(0)
    assert here.life(0).boot(0) != here.life(0).boot(1)
    assert here.life(0).message(0) != scenario(start_ms=5, seed=8).life(0).message(0)


@pytest.mark.parametrize("kind", KINDS)
def test_what_devices_say_fits_their_profile(kind: str) -> None:
    fits = profile(PROFILES[kind], strict=True)
    said = [say(kind, 3, 5, number) for number in range(2_000)]
    readings = [body for event, body in said if not event]
    assert [problem for body in readings if (problem := check(body, fits))] == []
    assert len({str(body) for body in readings}) > 1_000


def test_chargers_complete_sessions_with_exact_amounts() -> None:
    events = [body for n in range(100) if (said := say("charger", 1, 1, n))[0] for body in said[1:]]
    assert len(events) == 10
    assert all(set(body) == {"member", "kwh", "minor", "currency"} for body in events)
    assert all(isinstance(body["kwh"], str) and isinstance(body["minor"], int) for body in events)
