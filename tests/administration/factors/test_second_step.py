"""The second step of signing in with a password."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from apps.administration.mail_entry.pages import RESET_USE, SIGN_IN_USE
from shared.auth.passwords import Passwords
from shared.ids import digest, new_secret
from shared.models import MailToken, Person, SignIn
from shared.web.services import Services
from tests.administration.factors.conftest import Desk, code_of, make_desk
from tests.support.browsing import Browser, Page

PASSWORD = "seven quiet lamps in a row"
SECOND = "/sign-in/second"

pytestmark = pytest.mark.parametrize("database_url", ["mariadb"], indirect=True, scope="session")


@dataclass
class Enrolled:
    """Somebody with a password and an authenticator app, and nobody signed in."""

    desk: Desk
    secret: str
    codes: list[str]

    async def type_password(self, browser: Browser) -> Page:
        page = await browser.open("administration", "/sign-in?return=/account")
        typed = {"email": self.desk.person.email, "password": PASSWORD}
        return await browser.send(page, "/sign-in", typed)

    async def type_code(self, browser: Browser, text: str) -> Page:
        return await browser.send(await self.type_password(browser), SECOND, {"code": text})


@pytest.fixture
async def enrolled(services: Services) -> Enrolled:
    passwords = Passwords()
    desk = await make_desk(services, password=await passwords.hash(PASSWORD))
    passwords.close()
    await desk.sign_in()
    secret, codes = await desk.set_up_codes()
    desk.leave()
    desk.clock.advance(seconds=60)
    return Enrolled(desk, secret, codes)


async def methods(desk: Desk) -> list[str]:
    query = select(SignIn.method).where(SignIn.person_id == desk.person.id).order_by(SignIn.id)
    async with desk.services.database.read() as session:
        return list(await session.scalars(query))


async def test_the_password_alone_is_not_enough(enrolled: Enrolled) -> None:
    page = await enrolled.type_password(enrolled.desk.browser)
    assert page.path == SECOND
    assert (await enrolled.desk.open("/account")).path == "/sign-in"


async def test_with_the_code_it_is(enrolled: Enrolled) -> None:
    desk = enrolled.desk
    page = await enrolled.type_code(desk.browser, code_of(enrolled.secret, desk.clock))
    assert (page.path, page.status) == ("/account", 200)
    assert (await methods(desk))[1:] == ["password+totp"]


async def test_a_recovery_code_is_told_and_good_once(enrolled: Enrolled) -> None:
    desk = enrolled.desk
    assert (await enrolled.type_code(desk.browser, enrolled.codes[0])).path == "/account"
    assert sum("9 are left" in one for one in await desk.letters()) == 1
    desk.leave()
    again = await enrolled.type_code(desk.browser, enrolled.codes[0])
    assert (again.status, "used already" in again.text) == (422, True)
    assert (await methods(desk))[1:] == ["password+recovery"]


async def test_guesses_are_slowed_but_not_those_of_the_owners_browser(enrolled: Enrolled) -> None:
    desk = enrolled.desk
    assert (await enrolled.type_code(desk.browser, enrolled.codes[0])).status == 200
    stranger = Browser({"administration": desk.app})
    page = await enrolled.type_password(stranger)
    statuses = [(await stranger.send(page, SECOND, {"code": "000000"})).status for _ in range(6)]
    assert statuses == [422] * 5 + [429]
    del desk.cookies["__Host-fortress"]
    owner = await enrolled.type_code(desk.browser, code_of(enrolled.secret, desk.clock))
    assert owner.path == "/account"


async def test_a_wrong_code_is_logged_of_whom_and_from_where(
    enrolled: Enrolled, caplog: pytest.LogCaptureFixture
) -> None:
    await enrolled.type_code(enrolled.desk.browser, "135790")
    said = f"a code for {enrolled.desk.person.public_id} from 127.0.0.1 was wrong"
    assert said in caplog.messages
    assert "135790" not in caplog.text


async def test_a_passkey_stands_for_both_steps(enrolled: Enrolled) -> None:
    desk = enrolled.desk
    await desk.sign_in()
    await desk.add_passkey()
    desk.leave()
    assert (await desk.show_passkey(then="/account")).json() == {"to": "/account"}
    assert (await methods(desk))[-1] == "passkey"


@pytest.mark.parametrize(
    ("kind", "path", "typed"),
    [
        ("link", SIGN_IN_USE, {}),
        ("reset", RESET_USE, {"password": "eleven loud doors at sea"}),
    ],
)
async def test_neither_a_link_by_mail_nor_a_reset_goes_round_it(
    enrolled: Enrolled, kind: str, path: str, typed: dict[str, str]
) -> None:
    desk, token, now = enrolled.desk, new_secret(), enrolled.desk.clock.now()
    made = MailToken(
        token_hash=digest(token),
        person_id=desk.person.id,
        kind=kind,
        email=desk.person.email,
        created_at=now,
        expires_at=now + timedelta(minutes=15),
    )
    async with desk.services.database.unit_of_work() as session:
        session.add(made)
    page = await desk.open(f"{path}?token={token}")
    after = await desk.browser.send(page, path, typed)
    assert after.path == SECOND
    assert (await desk.open("/account")).path == "/sign-in"


@pytest.mark.parametrize(("changed", "path"), [(-1, "/account"), (0, "/account"), (1, "/sign-in")])
async def test_a_new_password_ends_a_first_step_that_was_before_it(
    enrolled: Enrolled, changed: int, path: str
) -> None:
    desk = enrolled.desk
    page = await enrolled.type_password(desk.browser)
    at = desk.clock.now() + timedelta(microseconds=changed)
    async with desk.services.database.unit_of_work() as session:
        mine = update(Person).where(Person.id == desk.person.id)
        await session.execute(mine.values(password_changed_at=at))
    code = {"code": code_of(enrolled.secret, desk.clock)}
    assert (await desk.browser.send(page, SECOND, code)).path == path


async def test_the_password_alone_confirms_nothing_either(enrolled: Enrolled) -> None:
    desk = enrolled.desk
    await enrolled.type_code(desk.browser, code_of(enrolled.secret, desk.clock))
    desk.clock.advance(seconds=601)
    asked = await desk.open("/account/factors/app")
    assert (asked.path, 'name="password"' in asked.text) == ("/confirm", False)
    refused = await desk.browser.send(asked, "/confirm", {"password": PASSWORD, "code": ""})
    assert (refused.path, refused.status) == ("/confirm", 422)
    code = code_of(enrolled.secret, desk.clock)
    assert (await desk.browser.send(asked, "/confirm", {"code": code})).status == 200
