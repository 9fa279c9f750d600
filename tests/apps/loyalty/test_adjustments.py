from typing import Any

import pytest

from tests.apps.loyalty.conftest import Loyalty


async def adjust(loyalty: Loyalty, member: str, points: Any, **options: Any) -> Any:
    body = {"points": points, "reason": "complaint 1204"}
    return await loyalty.post(f"/v1/members/{member}/adjustments", body, **options)


async def test_an_adjustment_is_an_entry_with_its_reason(loyalty: Loyalty) -> None:
    member = await loyalty.member()
    entry = await adjust(loyalty, member, 50)
    assert (entry["kind"], entry["points"], entry["reason"]) == ("adjust", 50, "complaint 1204")
    assert await loyalty.entries(member) == [entry]
    assert await loyalty.points(member) == 50


async def test_points_are_taken_from_the_oldest_lots(loyalty: Loyalty) -> None:
    member = await loyalty.member()
    for points in (10, 20, 30):
        await adjust(loyalty, member, points)
    await adjust(loyalty, member, -25)
    assert await loyalty.points(member) == 35
    assert [entry["points"] for entry in await loyalty.entries(member)] == [-25, 30, 20, 10]


async def test_points_may_be_taken_from_many_lots(loyalty: Loyalty) -> None:
    await loyalty.rule()
    member = await loyalty.member("TAG-9")
    await loyalty.commit(*(loyalty.session(seq) for seq in range(210)))
    await loyalty.work()
    await adjust(loyalty, member, -15 * 209)
    assert await loyalty.points(member) == 15


async def test_more_than_there_is_cannot_be_taken(loyalty: Loyalty) -> None:
    member = await loyalty.member()
    await adjust(loyalty, member, 10)
    problem = await adjust(loyalty, member, -11, expect=409)
    assert (problem["code"], problem["points"]) == ("not_enough_points", 10)
    assert len(await loyalty.entries(member)) == 1


async def test_a_request_sent_again_with_its_key_adjusts_once(loyalty: Loyalty) -> None:
    member = await loyalty.member()
    key = {"Idempotency-Key": "complaint-1204"}
    first = await adjust(loyalty, member, 50, **key)
    assert await adjust(loyalty, member, 50, **key) == first
    assert await loyalty.points(member) == 50


@pytest.mark.parametrize("points", [0, 1.5, "5", True, 10**12 + 1, None])
async def test_an_adjustment_that_makes_no_sense_is_refused(loyalty: Loyalty, points: Any) -> None:
    await adjust(loyalty, await loyalty.member(), points, expect=422)


async def test_entries_come_newest_first_in_pages(loyalty: Loyalty) -> None:
    member = await loyalty.member()
    for points in range(1, 6):
        await adjust(loyalty, member, points)
    path = f"/v1/members/{member}/entries"
    page = await loyalty.get(path, limit=3)
    assert [entry["points"] for entry in page["items"]] == [5, 4, 3]
    rest = await loyalty.get(path, limit=3, cursor=page["next"])
    assert [entry["points"] for entry in rest["items"]] == [2, 1]
    assert rest["next"] is None
    other = await loyalty.member()
    await loyalty.get(f"/v1/members/{other}/entries", expect=400, cursor=page["next"])
