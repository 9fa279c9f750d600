"""One-time codes and recovery codes: set up, counted once, taken away."""

import asyncio
import logging
from datetime import timedelta

import pytest
from sqlalchemy import select

from apps.administration.factors import challenges
from apps.administration.factors.service import check_code, make_seal, second_needed
from shared.models import RecoveryCode, SpentChallenge, Totp
from shared.settings import SealingSettings
from shared.web.cookies import SESSION
from tests.administration.factors.conftest import APP, FACTORS, SIGN_IN, Desk, between, code_of
from tests.support.builders import make_tenant
from tests.support.people import add_member


async def check(desk: Desk, text: str, secret: str | None = None) -> str | None:
    """What kind of code the second step of a sign-in finds it to be."""
    seal = make_seal(SealingSettings(secret=secret or desk.services.settings.secret))
    async with desk.own.database.unit_of_work() as session:
        return await check_code(session, desk.person.id, text, desk.clock.now(), seal=seal)


async def is_needed(desk: Desk) -> bool:
    async with desk.own.database.unit_of_work() as session:
        return await second_needed(session, desk.person.id)


async def press(desk: Desk, action: str) -> str:
    """Press the button of the list that has this action; the text that follows."""
    return (await desk.browser.send(await desk.open(FACTORS), action)).text


async def test_codes_count_once_the_first_was_right(desk: Desk) -> None:
    page = await desk.open(APP)
    assert page.answer.headers["cache-control"] == "no-store"
    secret = between(page.text, '<pre id="key">', "</pre>").replace(" ", "")
    assert f"secret={secret}" in page.text
    assert 'aria-labelledby="picture"' in page.text
    wrong = await desk.browser.send(page, APP, {"code": "000000"})
    assert (wrong.status, "Look at the app again" in wrong.text) == (422, True)
    assert not await is_needed(desk)
    right = await desk.browser.send(wrong, APP, {"code": code_of(secret, desk.clock)})
    assert right.status == 200
    assert len(between(right.text, '<pre id="codes">', "</pre>").split()) == 10
    assert await is_needed(desk)
    assert await desk.audit() == ["totp.add"]
    assert sum("has an authenticator app now" in one for one in await desk.letters()) == 1


async def test_a_code_counts_once(desk: Desk) -> None:
    secret, _ = await desk.set_up_codes()
    assert await check(desk, code_of(secret, desk.clock)) is None
    desk.clock.advance(seconds=30)
    now = code_of(secret, desk.clock)
    assert await check(desk, now) == "totp"
    assert await check(desk, now) is None
    assert await check(desk, code_of(secret, desk.clock, -1)) is None


@pytest.mark.parametrize("kind", ["totp", "recovery"])
async def test_of_two_at_once_one_counts(desk: Desk, kind: str) -> None:
    secret, codes = await desk.set_up_codes()
    desk.clock.advance(seconds=60)
    text = {"totp": code_of(secret, desk.clock), "recovery": codes[3]}[kind]
    found = await asyncio.gather(*(check(desk, text) for _ in range(4)))
    assert sorted(found, key=str) == [None, None, None, kind]


async def test_a_recovery_code_counts_once_however_it_is_typed(desk: Desk) -> None:
    _, codes = await desk.set_up_codes()
    assert await check(desk, codes[0].lower().replace("-", " ")) == "recovery"
    assert await check(desk, codes[0]) is None
    assert await check(desk, codes[1]) == "recovery"
    assert "8 of your recovery codes are left" in (await desk.open(FACTORS)).text


async def test_new_recovery_codes_make_those_before_worthless(desk: Desk) -> None:
    _, before = await desk.set_up_codes()
    shown = await press(desk, f"{FACTORS}/recovery-codes")
    after = between(shown, '<pre id="codes">', "</pre>").split()
    assert await check(desk, before[0]) is None
    assert await check(desk, after[0]) == "recovery"
    assert await desk.audit() == ["totp.add", "recovery_codes.renew"]


async def test_what_is_removed_is_asked_for_no_more(desk: Desk) -> None:
    secret, codes = await desk.set_up_codes()
    assert "Set up an authenticator app" in await press(desk, f"{APP}/remove")
    desk.clock.advance(seconds=60)
    assert not await is_needed(desk)
    assert await check(desk, code_of(secret, desk.clock)) is None
    assert await check(desk, codes[0]) is None
    assert await desk.audit() == ["totp.add", "totp.remove"]
    assert sum("does not use the authenticator app" in one for one in await desk.letters()) == 1


async def test_another_set_up_ends_the_one_before(desk: Desk) -> None:
    before, codes = await desk.set_up_codes()
    desk.clock.advance(seconds=60)
    after, _ = await desk.set_up_codes()
    desk.clock.advance(seconds=60)
    assert await check(desk, code_of(before, desk.clock)) is None
    assert await check(desk, codes[0]) is None
    assert await check(desk, code_of(after, desk.clock)) == "totp"
    assert await desk.audit() == ["totp.add", "totp.replace"]


async def test_nothing_that_makes_codes_can_be_read_in_the_database(desk: Desk) -> None:
    secret, codes = await desk.set_up_codes()
    async with desk.services.database.read() as session:
        totp = (await session.scalars(select(Totp).where(Totp.person_id == desk.person.id))).one()
        query = select(RecoveryCode.code_hash).where(RecoveryCode.person_id == desk.person.id)
        hashes = list(await session.scalars(query))
    assert secret not in totp.secret
    assert len(hashes) == len(codes) == 10
    assert {len(one) for one in hashes} == {32}


async def test_with_another_fortress_secret_recovery_codes_go_on(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    secret, codes = await desk.set_up_codes()
    desk.clock.advance(seconds=60)
    with caplog.at_level(logging.CRITICAL):
        assert await check(desk, code_of(secret, desk.clock), "t" * 40) is None
        assert await check(desk, codes[0], "t" * 40) == "recovery"


async def test_a_set_up_is_for_one_sign_in_and_half_an_hour(desk: Desk) -> None:
    page = await desk.open(APP)
    secret = between(page.text, '<pre id="key">', "</pre>").replace(" ", "")
    await desk.sign_in()
    again = await desk.open(APP)
    theirs = {"sealed": page.fields(APP)["sealed"], "code": code_of(secret, desk.clock)}
    refused = await desk.browser.send(again, APP, theirs)
    assert (refused.status, "This took too long" in refused.text) == (409, True)
    late = await desk.open(APP)
    secret = between(late.text, '<pre id="key">', "</pre>").replace(" ", "")
    desk.clock.advance(seconds=1_800)
    fields = {"sealed": late.fields(APP)["sealed"]}
    await desk.sign_in()
    fields["code"] = code_of(secret, desk.clock)
    assert (await desk.browser.send(await desk.open(APP), APP, fields)).status == 409
    assert not await is_needed(desk)


async def test_a_set_up_is_done_once(desk: Desk) -> None:
    page = await desk.open(APP)
    secret = between(page.text, '<pre id="key">', "</pre>").replace(" ", "")
    sent = {"code": code_of(secret, desk.clock)}
    assert (await desk.browser.send(page, APP, sent)).status == 200
    assert (await desk.browser.send(page, APP, sent)).status == 422


@pytest.mark.parametrize("sealed", ["", "x", "\u20ac"])
async def test_a_set_up_that_was_made_elsewhere_is_over(desk: Desk, sealed: str) -> None:
    page = await desk.open(APP)
    refused = await desk.browser.send(page, APP, {"sealed": sealed, "code": "123456"})
    assert refused.status == 409


@pytest.mark.parametrize("action", [f"{APP}/remove", f"{FACTORS}/recovery-codes"])
async def test_changes_need_a_fresh_factor(desk: Desk, action: str) -> None:
    await desk.set_up_codes()
    page = await desk.open(FACTORS)
    desk.clock.advance(seconds=601)
    assert (await desk.open(APP)).path == "/confirm"
    asked = await desk.browser.send(page, action)
    assert (asked.path, asked.url.partition("return=")[2]) == ("/confirm", "%2Faccount%2Ffactors")
    assert await is_needed(desk)


async def test_there_are_no_recovery_codes_without_one_time_codes(desk: Desk) -> None:
    page = await desk.open(APP)
    sent = {"csrf": page.fields(APP)["csrf"]}
    headers = {"sec-fetch-site": "same-origin"}
    address = f"http://administration.fortress.localhost{FACTORS}/recovery-codes"
    answer = await desk.browser.request("POST", address, data=sent, headers=headers)
    assert answer.status_code == 409


async def test_every_organisation_of_a_person_sees_the_change(desk: Desk) -> None:
    other = await make_tenant(desk.services.database)
    await add_member(desk.services.database, other, desk.person, "viewer")
    await desk.set_up_codes()
    assert await desk.audit() == ["totp.add"]
    desk.tenant = other
    assert await desk.audit() == ["totp.add"]


async def test_without_a_session_there_is_the_sign_in(desk: Desk) -> None:
    del desk.cookies[SESSION]
    assert (await desk.open(FACTORS)).path == "/sign-in"
    assert (await desk.open(APP)).path == "/sign-in"


async def test_answered_challenges_are_forgotten_when_they_end(desk: Desk) -> None:
    await desk.add_passkey()
    desk.leave()
    assert (await desk.show_passkey(SIGN_IN)).status_code == 200
    over = desk.clock.now() + timedelta(minutes=5, seconds=1)
    async with desk.own.database.unit_of_work() as session:
        assert await challenges.prune(session, over) >= 2
        assert await session.scalar(select(SpentChallenge.expires_at).limit(1)) is None
