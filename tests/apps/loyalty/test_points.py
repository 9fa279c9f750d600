from collections.abc import Awaitable, Callable
from itertools import permutations
from typing import Any

import pytest

from tests.apps.loyalty.conftest import Loyalty, handlers
from tests.support.events import Sent, waiting

NOVEMBER = 1_763_740_800_000


async def test_an_event_earns_what_the_rule_says(loyalty: Loyalty) -> None:
    rule = await loyalty.rule()
    member = await loyalty.member("TAG-9")
    await loyalty.commit(loyalty.session(kwh="1.59"))
    await loyalty.work()
    assert await loyalty.points(member) == 15
    (entry,) = await loyalty.entries(member)
    assert entry["kind"] == "earn"
    assert entry["rule"] == rule
    assert entry["event"] == {
        "device": loyalty.device.public_id,
        "t": NOVEMBER,
        "boot": 1,
        "s": 1,
    }


async def test_an_event_named_by_many_jobs_earns_once(loyalty: Loyalty) -> None:
    await loyalty.rule()
    member = await loyalty.member("TAG-9")
    await loyalty.commit(loyalty.session(), jobs=3)
    await loyalty.work()
    assert await loyalty.points(member) == 15


@pytest.mark.parametrize("order", list(permutations(("rule", "member", "event"))))
async def test_the_order_of_rule_member_and_event_makes_no_difference(
    loyalty: Loyalty, order: tuple[str, ...]
) -> None:
    steps: dict[str, Callable[[], Awaitable[object]]] = {
        "rule": loyalty.rule,
        "member": lambda: loyalty.member("TAG-9"),
        "event": lambda: loyalty.commit(*(loyalty.session(seq) for seq in range(7))),
    }
    made: dict[str, object] = {}
    for step in order:
        made[step] = await steps[step]()
        await loyalty.work(chunk=2)
    assert await loyalty.points(str(made["member"])) == 7 * 15


async def test_a_tag_that_moves_takes_no_points_along_and_earns_none_twice(
    loyalty: Loyalty,
) -> None:
    await loyalty.rule()
    first, second = await loyalty.member("TAG-9"), await loyalty.member()
    await loyalty.commit(loyalty.session(1))
    await loyalty.work()
    await loyalty.delete(f"/v1/members/{first}/tags/TAG-9")
    await loyalty.commit(loyalty.session(2))
    await loyalty.work()
    await loyalty.post(f"/v1/members/{second}/tags", {"tag": "TAG-9"}, expect=200)
    await loyalty.commit(loyalty.session(3))
    await loyalty.work()
    assert (await loyalty.points(first), await loyalty.points(second)) == (15, 30)


async def test_rules_of_two_programmes_give_to_their_own_members(loyalty: Loyalty) -> None:
    other = (await loyalty.post("/v1/programmes", {"name": "Other"}))["id"]
    await loyalty.rule()
    await loyalty.rule(programme=other, points_per_unit="1", rounding="up")
    one = await loyalty.member("TAG-9")
    two = await loyalty.member("TAG-9", programme=other)
    await loyalty.commit(loyalty.session())
    await loyalty.work()
    assert (await loyalty.points(one), await loyalty.points(two)) == (15, 2)


async def test_a_rule_earns_within_its_time_only(loyalty: Loyalty) -> None:
    await loyalty.rule(starts_at=NOVEMBER, ends_at=NOVEMBER + 1000)
    member = await loyalty.member("TAG-9")
    moments = (NOVEMBER - 1, NOVEMBER, NOVEMBER + 999, NOVEMBER + 1000)
    await loyalty.commit(*(loyalty.session(seq, ts=ts) for seq, ts in enumerate(moments)))
    await loyalty.work()
    assert await loyalty.points(member) == 30


async def test_a_deleted_rule_gives_nothing_more_and_takes_nothing_back(loyalty: Loyalty) -> None:
    rule = await loyalty.rule()
    member = await loyalty.member("TAG-9")
    await loyalty.commit(loyalty.session(1))
    await loyalty.work()
    await loyalty.delete(f"/v1/rules/{rule}")
    await loyalty.commit(loyalty.session(2))
    await loyalty.work()
    assert await loyalty.points(member) == 15
    assert not (await loyalty.get(f"/v1/rules/{rule}"))["active"]


async def test_events_that_earn_nothing_leave_no_entry(loyalty: Loyalty) -> None:
    await loyalty.rule()
    member = await loyalty.member("TAG-9")
    data: list[dict[str, Any]] = [
        {},
        {"member": "TAG-9"},
        {"kwh": 5},
        {"member": "TAG-9", "kwh": "0.01"},
    ]
    data += [{"member": "TAG-9", "kwh": -5}, {"member": ["TAG-9"], "kwh": 5}]
    data += [{"member": "TAG-9", "kwh": "9" * 18}]
    await loyalty.commit(*(Sent(loyalty.device, 1, one, seq=seq) for seq, one in enumerate(data)))
    await loyalty.work()
    assert await loyalty.entries(member) == []


async def test_a_number_as_a_tag_is_the_same_as_its_text(loyalty: Loyalty) -> None:
    await loyalty.rule()
    member = await loyalty.member("35897499")
    await loyalty.commit(Sent(loyalty.device, 1, {"member": 35897499, "kwh": 1}))
    await loyalty.work()
    assert await loyalty.points(member) == 10


async def test_a_job_that_failed_midway_runs_again_without_a_trace(loyalty: Loyalty) -> None:
    await loyalty.rule()
    member = await loyalty.member("TAG-9")
    await loyalty.work()
    await loyalty.commit(*(loyalty.session(seq) for seq in range(60)))
    award = handlers(loyalty.services)["loyalty.events"]
    (job,) = await waiting(loyalty.services.database, loyalty.tenant, ["loyalty.events"])

    async def cut_off() -> None:
        async with loyalty.services.database.unit_of_work() as session:
            await award(session, job.payload)
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power"):
        await cut_off()
    assert await loyalty.points(member) == 0
    await loyalty.work()
    assert await loyalty.points(member) == 900
