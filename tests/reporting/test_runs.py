from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from apps.reporting.exports import repository as exports
from apps.reporting.exports import rules as chunking
from apps.reporting.runs import making
from apps.reporting.runs import repository as stored
from apps.reporting.runs.repository import QUEUE
from shared.clock import ManualClock
from shared.models import AuditEntry, Job, ReportRun
from shared.web.services import Services
from tests.reporting.exporting import T0, signed_in
from tests.reporting.running import RUNS, Runs, runs
from tests.support.builders import make_tenant
from tests.support.telemetry import store_event
from tests.support.until import until


async def job_of(here: Runs, run: Any) -> Job | None:
    wanted = select(Job).where(Job.queue == QUEUE, Job.key == run["id"])
    async with here.services.database.read() as session:
        return (await session.scalars(wanted)).one_or_none()


async def rows_of(here: Runs) -> int:
    counted = select(func.count()).where(ReportRun.org_id == here.tenant.id)
    async with here.services.database.read() as session:
        return await session.scalar(counted) or 0


async def keys(here: Runs) -> list[str]:
    storage = here.app.state.storage
    return [key async for key in storage.list_keys(f"{here.tenant.public_id}/")]


async def test_a_run_has_the_file_that_the_export_streams(services: Services) -> None:
    here = await runs(services)
    await here.device(7)
    asked = await here.ask(metrics=["temp"], start=T0 + 1)
    assert (asked["state"], asked["progress"], asked["file"]) == ("queued", 0, None)
    assert await here.make() == 1
    run = await here.run(asked)
    file = await here.file(asked)
    streamed = await here.http.get(
        "/v1/exports/readings.csv",
        params={"metrics": "temp", "start": T0 + 1},
        headers=here.tenant.headers,
    )
    assert (run["state"], run["progress"], run["error"]) == ("succeeded", 6, None)
    assert run["size"] == len(file.content)
    assert run["file"] == f"{RUNS}/{asked['id']}/file"
    assert file.content == streamed.content
    assert file.headers["content-type"].startswith("text/csv")
    assert file.headers["content-disposition"].startswith('attachment; filename="readings-2')


async def test_a_run_of_events_has_their_file(services: Services) -> None:
    here = await runs(services)
    device = await here.device(0)
    for seq, name in enumerate(["a", "b", "a"]):
        data = {"n": seq}
        await store_event(
            services.database, here.tenant, device, ts=T0, name=name, seq=seq, data=data
        )
    wanted = {"kind": "events", "event": "a", "fields": ["n"], "devices": [device.public_id]}
    asked = await here.post(RUNS, wanted, expect=202)
    await here.make()
    lines = (await here.file(asked)).text.splitlines()
    assert [line.rpartition(",")[2] for line in lines] == ["n", "0", "2"]


async def test_a_worker_of_the_app_makes_what_is_asked_for(services: Services) -> None:
    async with signed_in(services) as (http, _):
        asked = (await http.post(RUNS, json={"kind": "readings"})).json()

        async def made() -> bool:
            return bool((await http.get(f"{RUNS}/{asked['id']}")).json()["file"])

        await until(made, "the file")


async def test_a_request_that_is_sent_again_is_one_run(services: Services) -> None:
    here = await runs(services)
    key = {"Idempotency-Key": "once"}
    first = await here.post(RUNS, {"kind": "readings"}, expect=202, **key)
    again = await here.post(RUNS, {"kind": "readings"}, expect=202, **key)
    assert first["id"] == again["id"]
    assert await rows_of(here) == 1


async def test_runs_come_in_pages_newest_first(services: Services) -> None:
    here = await runs(services)
    asked = [(await here.ask())["id"] for _ in range(3)]
    first = await here.get(RUNS, limit=2)
    rest = await here.get(RUNS, limit=2, cursor=first["next"])
    assert [run["id"] for run in first["items"] + rest["items"]] == asked[::-1]
    assert rest["next"] is None


async def test_runs_of_others_are_not_there(services: Services) -> None:
    here, other = await runs(services), await make_tenant(services.database)
    asked = await here.ask()
    await here.make()
    for method, path in [("GET", ""), ("GET", "/file"), ("DELETE", "")]:
        answer = await here.http.request(
            method, f"{RUNS}/{asked['id']}{path}", headers=other.headers
        )
        assert answer.status_code == 404
    listed = await here.http.get(RUNS, headers=other.headers)
    assert listed.json()["items"] == []


async def test_a_run_that_is_not_made_has_no_file(services: Services) -> None:
    here = await runs(services)
    answer = await here.file(await here.ask())
    assert (answer.status_code, answer.json()["code"]) == (409, "run_has_no_file")


async def test_an_organisation_has_so_many_runs_open(services: Services) -> None:
    here = await runs(services, runs_each=2)
    await here.ask()
    await here.ask()
    refused = await here.post(RUNS, {"kind": "readings"}, expect=429)
    assert refused["code"] == "too_many_runs"
    await here.make()
    await here.ask()


async def test_a_device_that_is_not_there_is_said_at_once(services: Services) -> None:
    here = await runs(services)
    wanted = {"kind": "readings", "devices": ["dev_0"]}
    assert (await here.post(RUNS, wanted, expect=404))["code"] == "no_such_device"


async def test_a_run_of_too_many_rows_fails_and_leaves_no_file(services: Services) -> None:
    here = await runs(services, run_rows=5)
    await here.device(6)
    asked = await here.ask(metrics=["temp"])
    await here.make()
    run = await here.run(asked)
    assert (run["state"], run["file"]) == ("failed", None)
    assert "more than 5 rows" in run["error"]
    assert await keys(here) == []


async def test_a_run_that_waits_can_be_cancelled_and_then_removed(services: Services) -> None:
    here = await runs(services)
    asked = await here.ask()
    await here.delete(f"{RUNS}/{asked['id']}")
    assert (await here.run(asked))["state"] == "cancelled"
    assert await job_of(here, asked) is None
    await here.delete(f"{RUNS}/{asked['id']}")
    await here.get(f"{RUNS}/{asked['id']}", expect=404)
    assert await rows_of(here) == 0


async def test_a_run_that_is_removed_takes_its_file_along(services: Services) -> None:
    here = await runs(services)
    asked = await here.ask()
    await here.make()
    assert len(await keys(here)) == 1
    await here.delete(f"{RUNS}/{asked['id']}")
    assert await keys(here) == []
    assert (await here.file(asked)).status_code == 404


async def test_a_run_that_is_being_made_stops_when_it_is_cancelled(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = await runs(services)
    await here.device(20)
    asked = await here.ask(metrics=["temp"])
    monkeypatch.setattr(chunking, "FIRST_ROWS", 5)
    monkeypatch.setattr(making, "LOOK_S", 0)
    read, reads = exports.readings, []

    async def cancels_meanwhile(*args: Any) -> list[str]:
        reads.append(args)
        if len(reads) == 2:
            assert (await here.run(asked))["progress"] == 5
            await here.delete(f"{RUNS}/{asked['id']}")
        return await read(*args)

    monkeypatch.setattr(exports, "readings", cancels_meanwhile)
    await here.make()
    assert (await here.run(asked))["state"] == "cancelled"
    assert len(reads) == 2
    assert await keys(here) == []


async def test_a_run_that_is_cancelled_at_the_last_moment_leaves_no_file(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = await runs(services)
    asked = await here.ask()
    storage = here.app.state.storage
    put = storage.put

    async def put_then_cancel(*args: Any) -> int:
        size: int = await put(*args)
        await here.delete(f"{RUNS}/{asked['id']}")
        return size

    monkeypatch.setattr(storage, "put", put_then_cancel)
    await here.make()
    assert (await here.run(asked))["state"] == "cancelled"
    assert await keys(here) == []


async def test_while_the_storage_is_away_a_run_waits_and_says_so(
    services: Services, tmp_path: Any
) -> None:
    here = await runs(services, storage_url=f"file://{tmp_path}")
    asked = await here.ask()
    (tmp_path / "partial").write_text("no folder")
    with pytest.raises(OSError, match="partial"):
        await here.make()
    run = await here.run(asked)
    assert (run["state"], run["progress"]) == ("queued", 0)
    assert run["error"].startswith("it could not be made and is tried again")
    (tmp_path / "partial").unlink()
    await here.make()
    run = await here.run(asked)
    assert (run["state"], run["error"]) == ("succeeded", None)


async def test_a_run_whose_attempts_are_used_up_has_failed(services: Services) -> None:
    here = await runs(services)
    asked = await here.ask()
    dead = update(Job).where(Job.queue == QUEUE, Job.key == asked["id"]).values(status="dead")
    async with services.database.unit_of_work() as session:
        await session.execute(dead)
    await here.app.state.keeping.tidy()
    run = await here.run(asked)
    assert run["state"] == "failed"
    assert "ask for it again" in run["error"]


async def test_files_go_when_they_have_expired_a_few_at_a_time(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock(services.clock.now_ms())
    here = await runs(replace(services, clock=clock), run_days=7)
    for _ in range(3):
        await here.ask()
    await here.make()
    clock.advance(seconds=timedelta(days=7).total_seconds() - 1)
    await here.app.state.keeping.tidy()
    assert len(await keys(here)) == 3
    clock.advance(seconds=1)
    assert (await here.get(RUNS))["items"] == []
    monkeypatch.setattr(stored, "AT_ONCE", 2)
    assert await here.app.state.keeping.prune() == 2
    await here.app.state.keeping.tidy()
    assert await keys(here) == []
    assert await rows_of(here) == 0


async def test_who_asks_for_many_waits_behind_who_asks_for_one(services: Services) -> None:
    many, one = await runs(services), await runs(services)
    greedy = [await many.ask() for _ in range(3)]
    modest = await one.ask()
    found = [await job_of(many, run) for run in [*greedy, modest]]
    due = [job.run_after for job in found if job is not None]
    assert due[0] < due[3] < due[1] < due[2] < services.clock.now()


async def test_asking_and_removing_are_in_the_audit(services: Services) -> None:
    here = await runs(services)
    asked = await here.ask(metrics=["temp"])
    await here.delete(f"{RUNS}/{asked['id']}")
    await here.delete(f"{RUNS}/{asked['id']}")
    wanted = select(AuditEntry).where(AuditEntry.org_id == here.tenant.id).order_by(AuditEntry.id)
    async with services.database.read() as session:
        entries = (await session.scalars(wanted)).all()
    assert [entry.action for entry in entries] == ["run.create", "run.cancel", "run.delete"]
    assert entries[0].target == asked["id"]
    assert entries[0].after is not None
    assert entries[0].after["metrics"] == ["temp"]
