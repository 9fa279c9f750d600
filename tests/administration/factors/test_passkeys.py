"""Passkeys, from the first one to signing in with nothing else."""

import asyncio

from shared.web.cookies import SESSION
from tests.administration.factors.conftest import CONFIRM, FACTORS, PASSKEYS, SIGN_IN, Desk
from tests.support.authenticator import Authenticator


async def test_a_passkey_alone_signs_in(bare: Desk) -> None:
    bare.leave()
    answer = await bare.show_passkey(then=FACTORS)
    assert (answer.status_code, answer.json()) == (200, {"to": FACTORS})
    assert "Telephone" in (await bare.open(FACTORS)).text
    assert (await bare.audit())[:2] == ["passkey.add", "sign_in.begin"]


async def test_a_passkey_that_does_not_count_signs_in_too(desk: Desk) -> None:
    desk.device.counts = False
    await desk.add_passkey()
    for _ in range(2):
        desk.leave()
        assert (await desk.show_passkey()).status_code == 200


async def test_an_answer_counts_once(bare: Desk) -> None:
    bare.leave()
    answer = bare.device.get(await bare.options(SIGN_IN))
    visit = dict(bare.cookies)
    assert (await bare.call(SIGN_IN, answer)).status_code == 200
    bare.leave()
    bare.cookies.update(visit)
    again = await bare.call(SIGN_IN, answer)
    assert (again.status_code, again.json()["code"]) == (409, "challenge_over")
    assert SESSION not in bare.cookies


async def test_of_two_answers_at_once_one_counts(bare: Desk) -> None:
    bare.leave()
    bare.device.counts = False
    bare.device.count = 7
    answer = bare.device.get(await bare.options(SIGN_IN))
    statuses = await asyncio.gather(*(bare.call(SIGN_IN, answer) for _ in range(2)))
    assert sorted(one.status_code for one in statuses) == [200, 409]


async def test_a_count_that_goes_back_is_refused(bare: Desk) -> None:
    bare.leave()
    bare.device.count = 41
    assert (await bare.show_passkey()).status_code == 200
    bare.leave()
    bare.device.count = 41
    answer = await bare.show_passkey()
    assert (answer.status_code, answer.json()["code"]) == (403, "passkey_copied")
    assert SESSION not in bare.cookies


async def test_adding_one_needs_a_fresh_factor_which_a_passkey_is(bare: Desk) -> None:
    bare.clock.advance(seconds=601)
    page = await bare.open(f"{PASSKEYS}/new")
    assert page.path == "/confirm"
    late = await bare.call(f"{PASSKEYS}/options", {})
    assert (late.status_code, late.json()["code"]) == (403, "fresh_sign_in_needed")
    before = bare.cookies[SESSION]
    answer = await bare.show_passkey(CONFIRM, then=f"{PASSKEYS}/new")
    assert answer.json() == {"to": f"{PASSKEYS}/new"}
    assert await bare.audit() == ["passkey.add", "sign_in.confirm"]
    await bare.add_passkey("Laptop")
    bare.cookies[SESSION] = before
    assert (await bare.open(FACTORS)).path == "/sign-in"


async def test_a_credential_of_somebody_else_is_not_taken_over(bare: Desk, desk: Desk) -> None:
    theirs = bare.device.credentials[0].id
    device = Authenticator(new_id=theirs)
    answer = await desk.call(PASSKEYS, device.create(await desk.options(PASSKEYS)))
    assert (answer.status_code, answer.json()["code"]) == (409, "known_passkey")


async def test_it_is_renamed(bare: Desk) -> None:
    page = await bare.open((await bare.passkey_pages())[0])
    form = f"{page.path}/name"
    wrong = await bare.browser.send(page, form, {"name": ""})
    assert (wrong.status, "Write a name" in wrong.text) == (422, True)
    after = await bare.browser.send(page, form, {"name": "Old telephone"})
    assert (after.path, "Old telephone" in after.text) == (FACTORS, True)
    assert await bare.audit() == ["passkey.add", "passkey.rename"]


async def test_one_of_two_is_removed_and_its_person_told(bare: Desk) -> None:
    bare.device = Authenticator()
    await bare.add_passkey("Laptop")
    assert await bare.remove_first() == 200
    shown = (await bare.open(FACTORS)).text
    assert ("Laptop" in shown, "Telephone" in shown) == (True, False)
    assert await bare.audit() == ["passkey.add", "passkey.add", "passkey.remove"]
    told = await bare.letters()
    assert sum("has the passkey" in one for one in told) == 2
    assert sum("does not use the passkey Telephone any more" in one for one in told) == 1


async def test_the_last_way_in_stays(bare: Desk) -> None:
    assert await bare.remove_first() == 409
    assert len(await bare.passkey_pages()) == 1


async def test_who_has_a_password_removes_the_only_passkey(desk: Desk) -> None:
    await desk.add_passkey()
    assert await desk.remove_first() == 200
    assert "You have none" in (await desk.open(FACTORS)).text


async def test_of_two_that_are_removed_at_once_one_stays(bare: Desk) -> None:
    bare.device = Authenticator()
    await bare.add_passkey()
    pages = [await bare.open(each) for each in await bare.passkey_pages()]
    sent = (bare.browser.send(page, f"{page.path}/remove") for page in pages)
    assert sorted(page.status for page in await asyncio.gather(*sent)) == [200, 409]
