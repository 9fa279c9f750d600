"""Links by mail: to sign in, and to choose a new password."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from apps.administration.mail_entry.asking import LASTS, LINK, RESET
from shared.auth.throttle import ADDRESS, LETTERS
from shared.models import Job, MailToken, Person
from shared.web.cookies import SESSION
from tests.administration.people.conftest import HOST, Office, on_one_database
from tests.support.browsing import Browser, Page

NEW = "eleven slow boats go home"
SENT = "/sign-in/sent"
USES = {"/sign-in/link": "/sign-in/link/use", "/reset": "/reset/new"}


async def ask(office: Office, way: str, email: str) -> Page:
    browser = office.home.browser()
    page = await browser.open("administration", way)
    return await browser.send(page, way, {"email": email})


async def linked(office: Office, way: str) -> str:
    """The path of a link that was asked for."""
    assert (await ask(office, way, office.home.person.email)).path == SENT
    return await office.link(office.home.person.email)


async def use(browser: Browser, link: str, **typed: str) -> Page:
    page = await browser.open("administration", link)
    return await browser.send(page, page.path, typed)


async def test_a_link_signs_in_once(office: Office) -> None:
    link = await linked(office, "/sign-in/link")
    browser = office.home.browser()
    page = await use(browser, link)
    assert (page.status, page.path) == (200, "/")
    again = await office.home.browser().open("administration", link)
    assert again.status == 410
    assert "This link is over" in again.text


async def test_of_two_who_use_a_link_at_once_one_comes_in(office: Office) -> None:
    link = await linked(office, "/sign-in/link")
    browsers = [office.home.browser() for _ in range(2)]
    pages = [await browser.open("administration", link) for browser in browsers]
    sent = [
        browser.send(page, "/sign-in/link/use")
        for browser, page in zip(browsers, pages, strict=True)
    ]
    assert sorted(page.status for page in await asyncio.gather(*sent)) == [200, 410]


async def test_looking_at_a_link_changes_nothing(office: Office) -> None:
    """Machines that read mail open its links, as often as they like."""
    link = await linked(office, "/sign-in/link")
    for _ in range(3):
        seen = await office.home.browser().open("administration", link)
        assert office.home.person.email in seen.text
    assert (await use(office.home.browser(), link)).path == "/"


@on_one_database
async def test_a_link_goes_on_to_where_it_was_asked_from(office: Office) -> None:
    browser = office.home.browser()
    page = await browser.open("administration", "/sign-in/link?return=/roles")
    await browser.send(page, "/sign-in/link", {"email": office.home.person.email})
    page = await use(browser, await office.link(office.home.person.email))
    assert page.path == "/roles"


async def test_a_reset_changes_the_password_and_ends_every_sign_in(office: Office) -> None:
    link = await linked(office, "/reset")
    page = await use(office.owner, link, password=NEW)
    assert (page.status, page.path) == (200, "/")
    other = office.home.browser()
    refused = await office.home.sign_in(other)
    assert refused.status == 422
    page = await office.home.type(other, refused, NEW)
    assert page.status == 200
    subjects = [letter.subject for letter in await office.to(office.home.person.email)]
    assert "Your password was changed" in subjects
    entry = (await office.audited("person.reset"))[-1]
    assert entry.actor == office.home.person.public_id
    assert entry.before == {"password_changed_at": None}


async def test_who_was_signed_in_elsewhere_is_not_after_a_reset(office: Office) -> None:
    link = await linked(office, "/reset")
    await use(office.home.browser(), link, password=NEW)
    assert (await office.owner.open("administration", "/account")).path == "/sign-in"


@on_one_database
@pytest.mark.parametrize("password", ["short", "password password", "p" * 257, "\x00" * 3])
async def test_a_password_that_is_refused_leaves_the_link_as_it_is(
    office: Office, password: str
) -> None:
    link = await linked(office, "/reset")
    browser = office.home.browser()
    page = await use(browser, link, password=password)
    assert page.status == 422
    assert 'id="password-error"' in page.text
    assert (await browser.send(page, "/reset/new", {"password": NEW})).path == "/"


async def test_a_reset_makes_other_links_useless(office: Office) -> None:
    other = await linked(office, "/sign-in/link")
    await use(office.home.browser(), await linked(office, "/reset"), password=NEW)
    assert (await office.home.browser().open("administration", other)).status == 410


@on_one_database
@pytest.mark.parametrize("way", list(USES))
async def test_an_unknown_address_gets_the_same_answer_and_no_letter(
    office: Office, way: str
) -> None:
    known = await ask(office, way, office.home.person.email)
    unknown = await ask(office, way, "nobody-of-all@example.com")
    assert (known.path, known.status) == (unknown.path, unknown.status) == (SENT, 200)
    assert await office.to("nobody-of-all@example.com") == []


async def waiting(office: Office) -> dict[int, dict[str, str]]:
    """Jobs of letters, of everybody: number → payload."""
    async with office.services.database.read() as session:
        found = await session.execute(select(Job.id, Job.payload).where(Job.queue == "mail"))
        return {row.id: row.payload for row in found}


async def test_what_is_asked_for_is_noted_alike_and_in_secret(office: Office) -> None:
    """The request does the same for everybody: the worker alone knows who has an account."""
    before = set(await waiting(office))
    await ask(office, "/reset", office.home.person.email)
    await ask(office, "/reset", "nobody-of-all@example.com")
    noted = await waiting(office)
    payloads = [payload for key, payload in noted.items() if key not in before]
    assert [sorted(each) for each in payloads] == [["asked", "key"]] * 2
    assert "example.com" not in str(payloads)


@on_one_database
@pytest.mark.parametrize(
    ("way", "other"), [("/sign-in/link", "/reset"), ("/reset", "/sign-in/link")]
)
async def test_a_link_of_one_kind_is_none_of_another(office: Office, way: str, other: str) -> None:
    token = (await linked(office, way)).partition("?")[2]
    page = await office.home.browser().open("administration", f"{USES[other]}?{token}")
    assert page.status == 410


@on_one_database
@pytest.mark.parametrize("token", ["", "x", "A" * 43, "é" * 43, "%ff", "<script>alert(1)</script>"])
async def test_a_link_that_was_never_sent_is_over(office: Office, token: str) -> None:
    page = await office.home.browser().open("administration", f"/reset/new?token={token}")
    assert page.status == 410
    assert "<script>alert" not in page.text


@pytest.mark.parametrize(
    "change",
    [
        update(MailToken).values(expires_at=MailToken.created_at),
        update(Person).values(disabled=True),
        update(Person).values(email=Person.public_id + "@example.com"),
    ],
    ids=["too old", "disabled since", "another address since"],
)
async def test_a_link_that_is_of_no_use_any_more_is_over(office: Office, change: object) -> None:
    link = await linked(office, "/sign-in/link")
    browser = office.home.browser()
    page = await browser.open("administration", link)
    person = office.home.person.id
    mine = MailToken.person_id if change.table.name == "mail_token" else Person.id  # type: ignore[attr-defined]  # an UPDATE has one
    async with office.services.database.unit_of_work() as session:
        await session.execute(change.where(mine == person))  # type: ignore[attr-defined]  # as above
    assert (await browser.send(page, "/sign-in/link/use")).status == 410
    assert SESSION not in browser.jar[HOST]


async def test_only_the_hash_of_a_link_is_stored(office: Office) -> None:
    link = await linked(office, "/reset")
    token = link.partition("token=")[2].partition("&")[0]
    async with office.services.database.read() as session:
        rows = (await session.execute(select(MailToken.__table__))).all()
        jobs = (await session.execute(select(Job.__table__))).all()
    assert token not in str(rows)
    assert token not in str(jobs)


@on_one_database
@pytest.mark.parametrize(("way", "minutes"), [("/sign-in/link", 10), ("/reset", 15)])
async def test_a_link_lives_for_minutes(office: Office, way: str, minutes: int) -> None:
    await linked(office, way)
    mine = select(MailToken).where(MailToken.person_id == office.home.person.id)
    async with office.services.database.read() as session:
        (row,) = await session.scalars(mine)
    assert row.expires_at - row.created_at == timedelta(minutes=minutes)


@on_one_database
@pytest.mark.parametrize("way", list(USES))
async def test_whoever_asks_in_the_owners_name_does_not_keep_them_from_a_letter(
    office: Office, way: str
) -> None:
    """The answer stays the same; the letter that came last is good still."""
    email = office.home.person.email
    pages = [await ask(office, way, email) for _ in range(LETTERS.free + 2)]
    assert {(page.path, page.status) for page in pages} == {(SENT, 200)}
    assert len(await office.to(email)) <= LETTERS.free + 1
    assert (await use(office.home.browser(), await office.link(email), password=NEW)).path == "/"


def test_the_longest_wait_for_a_letter_is_shorter_than_its_link_is_good() -> None:
    assert 2 * LETTERS.longest <= min(LASTS[LINK], LASTS[RESET])


@on_one_database
async def test_asking_again_and_again_from_one_address_is_slowed(office: Office) -> None:
    asked = 0
    page = await ask(office, "/reset", "often-asked@example.com")
    while page.status == 200:
        asked += 1
        page = await ask(office, "/reset", f"often-asked-{asked}@example.com")
    assert (page.status, asked <= ADDRESS.free) == (429, True)
    assert "retry-after" in page.answer.headers
    assert "Wait a second" in page.text


@on_one_database
@pytest.mark.parametrize("email", ["", "nobody", "a@b", "a b@example.com", "<script>@example.com"])
async def test_what_is_no_address_is_said_so(office: Office, email: str) -> None:
    page = await ask(office, "/reset", email)
    assert page.status == 422
    assert "write a mail address" in page.text.lower()
    assert "<script>@" not in page.text
