"""What is sent instead of a passkey's answer, and who is not let in by one."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import update

from shared.clock import SystemClock
from shared.models import Passkey, Person
from shared.web.cookies import SESSION
from tests.administration.factors.conftest import (
    CONFIRM,
    FACTORS,
    PASSKEYS,
    SIGN_IN,
    Desk,
    between,
)
from tests.support.authenticator import Authenticator, text
from tests.support.browsing import at

# Nothing here asks a database for anything that the other tests do not ask both for.
pytestmark = pytest.mark.parametrize("database_url", ["mariadb"], indirect=True, scope="session")

SCRIPT = "<script>alert(1)</script>"


async def test_a_challenge_of_another_browser_is_over(bare: Desk) -> None:
    bare.leave()
    answer = bare.device.get(await bare.options(SIGN_IN))
    bare.leave()
    assert (await bare.call(SIGN_IN, answer)).json()["code"] == "challenge_over"


async def test_a_challenge_for_confirming_signs_nobody_in(bare: Desk) -> None:
    answer = bare.device.get(await bare.options(CONFIRM))
    assert (await bare.call(SIGN_IN, answer)).json()["code"] == "challenge_over"


async def test_a_late_answer_is_over(bare: Desk) -> None:
    bare.leave()
    answer = bare.device.get(await bare.options(SIGN_IN))
    bare.clock.advance(seconds=300)
    assert (await bare.call(SIGN_IN, answer)).json()["code"] == "challenge_over"


async def close(desk: Desk, **values: object) -> None:
    async with desk.services.database.unit_of_work() as session:
        await session.execute(update(Person).where(Person.id == desk.person.id).values(**values))


async def disable(desk: Desk) -> None:
    await close(desk, disabled=True)


async def erase(desk: Desk) -> None:
    await close(desk, erased_at=SystemClock().now())


async def remove_it(desk: Desk) -> None:
    kept, desk.device = desk.device, Authenticator()
    await desk.add_passkey()
    assert await desk.remove_first() == 200
    desk.device = kept


async def never_had_it(desk: Desk) -> None:
    desk.device.create(await desk.options(PASSKEYS))


@pytest.mark.parametrize("become", [disable, erase, remove_it, never_had_it])
async def test_who_may_not_come_in_is_told_as_little_as_a_stranger(
    bare: Desk, become: Callable[[Desk], Awaitable[None]]
) -> None:
    await become(bare)
    bare.leave()
    answer = await bare.show_passkey()
    assert (answer.status_code, answer.json()["code"]) == (403, "passkey_refused")
    assert "it is not known here" in answer.json()["detail"]


async def test_an_answer_that_names_another_person_is_refused(bare: Desk) -> None:
    bare.leave()
    answer = await bare.show_passkey(user_handle=text(b"usr_01JD3V3Q8X0000000000000000"))
    assert answer.json()["code"] == "passkey_refused"


@pytest.mark.parametrize(
    "more",
    [
        {"signature": "!!"},
        {"signature": None},
        {"signature": "a" * 20_000},
        {"raw_id": ""},
        {"raw_id": text(bytes(1024))},
        {"then": "x" * 3_000},
        {"more": 1},
    ],
)
async def test_what_is_no_answer_is_said_to_be_none(bare: Desk, more: dict[str, Any]) -> None:
    bare.leave()
    assert (await bare.show_passkey(**more)).status_code == 422


async def test_it_leads_to_no_other_site(bare: Desk) -> None:
    bare.leave()
    answer = await bare.show_passkey(then="https://evil.example/")
    assert answer.json() == {"to": "/"}


@pytest.mark.parametrize("path", [SIGN_IN, f"{SIGN_IN}/options", CONFIRM, PASSKEYS])
async def test_nothing_comes_from_another_sites_page(bare: Desk, path: str) -> None:
    headers = {"accept": "application/json", "sec-fetch-site": "same-site"}
    address = at("administration", path)
    answer = await bare.browser.request("POST", address, json={}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "forged")


async def test_a_browser_that_keeps_no_cookie_gets_no_challenge(bare: Desk) -> None:
    bare.leave()
    headers = {"accept": "application/json", "sec-fetch-site": "same-origin"}
    address = at("administration", f"{SIGN_IN}/options")
    answer = await bare.browser.request("POST", address, json={}, headers=headers)
    assert answer.json()["code"] == "challenge_over"


async def test_somebody_elses_passkey_confirms_nothing(bare: Desk, desk: Desk) -> None:
    bare.cookies[SESSION] = desk.cookies[SESSION]
    assert (await bare.show_passkey(CONFIRM)).json()["code"] == "passkey_refused"


async def test_confirming_asks_for_ones_own_passkeys(bare: Desk) -> None:
    asked = await bare.options(CONFIRM)
    (used,) = bare.device.credentials
    assert [one["id"] for one in asked["allowCredentials"]] == [text(used.id)]


async def test_the_same_passkey_is_added_once(bare: Desk) -> None:
    (known,) = (await bare.options(PASSKEYS))["excludeCredentials"]
    assert known["transports"] == ["internal"]
    options = await bare.options(PASSKEYS)
    again = Authenticator().create(options)
    assert (await bare.call(PASSKEYS, again)).status_code == 200
    twice = await bare.call(PASSKEYS, again)
    assert twice.json()["code"] == "challenge_over"


async def test_there_is_a_most_of_them(desk: Desk) -> None:
    async with desk.services.database.unit_of_work() as session:
        session.add_all(
            Passkey(
                person_id=desk.person.id,
                credential_id=f"{desk.person.public_id} {number}".encode(),
                public_key=b"",
                sign_count=0,
                transports=[],
                synced=False,
                name="x",
                created_at=desk.clock.now(),
            )
            for number in range(20)
        )
    answer = await desk.call(f"{PASSKEYS}/options", {})
    assert answer.json()["code"] == "too_many_passkeys"
    assert "Remove one to add another" in (await desk.open(FACTORS)).text


@pytest.mark.parametrize("name", ["x" * 101, "x" * 2_000, "a\x07b", "\u202eabc"])
async def test_a_name_that_cannot_be_shown_is_refused(desk: Desk, name: str) -> None:
    made = desk.device.create(await desk.options(PASSKEYS))
    assert (await desk.call(PASSKEYS, made | {"name": name})).status_code in (400, 422)


async def test_a_name_is_text_wherever_it_stands(desk: Desk) -> None:
    await desk.add_passkey(SCRIPT)
    (page,) = await desk.passkey_pages()
    for shown in (await desk.open(FACTORS), await desk.open(page)):
        assert "&lt;script&gt;alert(1)" in shown.text
        assert SCRIPT not in shown.text


async def test_another_persons_passkey_is_not_there(bare: Desk, desk: Desk) -> None:
    (page,) = await bare.passkey_pages()
    assert (await desk.open(page)).status == 404
    own = await desk.open(FACTORS)
    fields = {"csrf": own.fields("/sign-out")["csrf"], "name": "mine"}
    headers = {"sec-fetch-site": "same-origin"}
    for action in ("name", "remove"):
        address = at("administration", f"{page}/{action}")
        answer = await desk.browser.request("POST", address, data=fields, headers=headers)
        assert answer.status_code == 404


async def test_the_pages_say_what_to_do_without_script(desk: Desk) -> None:
    page = await desk.open(f"{PASSKEYS}/new")
    form = between(page.text, f'action="{PASSKEYS}"', ">")
    assert "hidden" in form
    assert "Passkeys need JavaScript" in page.text
