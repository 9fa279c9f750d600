"""What people change of their own account."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from shared.auth import audit
from shared.db import scoped
from shared.ids import digest, new_secret
from shared.models import AuditPersonal, Invitation, Person, Totp
from tests.administration.entry.conftest import PASSWORD, PASSWORDS
from tests.administration.people.conftest import Office, on_one_database
from tests.support.browsing import Browser, Page
from tests.support.people import make_person

NEW = "eleven slow boats go home"
SCRIPT = "<script>alert(1)</script>"


async def send(browser: Browser, path: str, **typed: str) -> Page:
    page = await browser.open("administration", path)
    return await browser.send(page, path, typed)


async def person(office: Office) -> Person:
    query = select(Person).where(Person.id == office.home.person.id)
    async with office.services.database.read() as session:
        return (await session.scalars(query)).one()


async def proof(office: Office, email: str) -> str:
    """The path of the link that proves a new address."""
    page = await send(office.owner, "/account/mail", email=email)
    assert page.path == "/account/mail/sent"
    return await office.link(email)


async def test_a_name_is_changed_and_shown_as_text(office: Office) -> None:
    page = await send(office.owner, "/account/name", name=f"  {SCRIPT} ")
    assert (page.status, page.path) == (200, "/account")
    assert SCRIPT not in page.text
    assert "&lt;script&gt;" in page.text
    assert (await person(office)).name == SCRIPT
    assert len(await office.audited("person.name")) == 1


@on_one_database
@pytest.mark.parametrize("name", ["", "x" * 201, "a\x00b", "a\nb"])
async def test_a_name_that_cannot_be_shown_is_refused(office: Office, name: str) -> None:
    assert (await send(office.owner, "/account/name", name=name)).status == 422


async def test_a_password_is_changed_and_other_sign_ins_end(office: Office) -> None:
    elsewhere = await office.signed_in(office.home.person)
    cookie = dict(office.owner.jar["administration.fortress.localhost"])
    page = await send(office.owner, "/account/password", current=PASSWORD, password=NEW)
    assert (page.status, page.path) == (200, "/account")
    assert (await elsewhere.open("administration", "/account")).path == "/sign-in"
    stolen = Browser(office.home.apps, {"administration.fortress.localhost": cookie})
    assert (await stolen.open("administration", "/account")).path == "/sign-in"
    browser = office.home.browser()
    page = await browser.open("administration", "/sign-in")
    assert (await office.home.type(browser, page, NEW)).status == 200
    subjects = [letter.subject for letter in await office.to(office.home.person.email)]
    assert "Your password was changed" in subjects


@on_one_database
@pytest.mark.parametrize(
    ("current", "password", "where"),
    [
        ("wrong", NEW, "current-error"),
        ("", NEW, "current-error"),
        (PASSWORD, "short", "password-error"),
        (PASSWORD, "password password", "password-error"),
    ],
)
async def test_a_password_is_not_changed_by_what_is_wrong(
    office: Office, current: str, password: str, where: str
) -> None:
    before = (await person(office)).password_hash
    page = await send(office.owner, "/account/password", current=current, password=password)
    assert page.status == 422
    assert f'id="{where}"' in page.text
    assert (await person(office)).password_hash == before


@on_one_database
async def test_who_has_codes_chooses_a_password_as_long_as_all_others_do(office: Office) -> None:
    """Codes can be taken away; what was chosen beside them is then all there is."""
    number, now = office.home.person.id, office.services.clock.now()
    async with office.services.database.unit_of_work() as session:
        session.add(Totp(person_id=number, secret="sealed", last_step=0, created_at=now))
    seen = await office.owner.open("administration", "/account/password")
    assert "15 characters or more" in seen.text
    typed = {"current": PASSWORD, "password": "lamp shelf mos"}
    page = await office.owner.send(seen, "/account/password", typed)
    assert (page.status, 'id="password-error"' in page.text) == (422, True)


@on_one_database
async def test_a_shorter_password_from_before_still_signs_in(office: Office) -> None:
    mine = update(Person).where(Person.id == office.home.person.id)
    hashed = await PASSWORDS.hash("lampmoss")
    async with office.services.database.unit_of_work() as session:
        await session.execute(mine.values(password_hash=hashed))
    browser = office.home.browser()
    page = await browser.open("administration", "/sign-in")
    assert (await office.home.type(browser, page, "lampmoss")).path == "/"


@on_one_database
async def test_who_has_no_password_chooses_one(office: Office) -> None:
    other = await make_person(office.services.database)
    browser = await office.signed_in(other)
    page = await browser.open("administration", "/account/password")
    assert 'name="current"' not in page.text
    page = await browser.send(page, "/account/password", {"password": NEW})
    assert page.path == "/account"


@on_one_database
@pytest.mark.parametrize("path", ["/account/password", "/account/mail"])
async def test_what_one_signs_in_with_wants_a_fresh_factor(office: Office, path: str) -> None:
    browser = await office.signed_in(office.home.person, ago=timedelta(hours=1))
    assert (await browser.open("administration", path)).path == "/confirm"
    assert (await office.post(browser, path, email="a@example.com")).status == 303


async def test_an_address_is_changed_once_the_new_one_is_proved(office: Office) -> None:
    before, new = office.home.person.email, f"new-{office.home.person.email}"
    link = await proof(office, new)
    assert (await person(office)).email == before
    page = await office.owner.open("administration", link)
    page = await office.owner.send(page, "/account/mail/prove")
    assert (page.status, page.path) == (200, "/account")
    assert (await person(office)).email == new
    subjects = [letter.subject for letter in await office.to(before)]
    assert subjects == ["Your mail address is about to change", "Your mail address was changed"]
    entry = (await office.audited("person.mail"))[-1]
    assert before not in str(entry.before)


async def test_what_is_kept_of_the_address_before_stays_the_persons(office: Office) -> None:
    """So that it is exported and erased with them."""
    before, of = office.home.person.email, office.home.person.public_id
    origin = audit.Origin(office.home.tenant.id, of)
    now = office.services.clock.now()
    invitation = Invitation(
        org_id=office.home.tenant.id,
        email=before,
        role="viewer",
        token_hash=digest(new_secret()),
        invited_by=of,
        created_at=now,
        expires_at=now + timedelta(days=7),
    )
    async with office.services.database.unit_of_work() as session:
        session.add(invitation)
        audit.record(session, origin, "invitation.create", "ivt_a", at=now, after={"email": before})
    page = await office.owner.open("administration", await proof(office, f"new-{before}"))
    await office.owner.send(page, "/account/mail/prove")
    kept = scoped(office.home.tenant.id, select(AuditPersonal)).where(AuditPersonal.subject == of)
    async with office.services.database.read() as session:
        names = [one.name for one in await session.scalars(kept) if one.value == before]
        left = select(Invitation.id).where(Invitation.email == before)
        assert await session.scalar(scoped(office.home.tenant.id, left)) is None
    assert sorted(names) == ["after.email", "before.email"]


async def test_a_proof_works_once(office: Office) -> None:
    link = await proof(office, f"new-{office.home.person.email}")
    page = await office.owner.open("administration", link)
    await office.owner.send(page, "/account/mail/prove")
    assert (await office.owner.send(page, "/account/mail/prove")).status == 410
    assert (await office.owner.open("administration", link)).status == 410


async def test_who_gets_a_proof_by_mistake_cannot_use_it(office: Office) -> None:
    """Otherwise a typing error would give the account away."""
    new = f"new-{office.home.person.email}"
    link = await proof(office, new)
    assert (await office.home.browser().open("administration", link)).path == "/sign-in"
    stranger, _ = await office.member()
    browser = await office.signed_in(stranger)
    assert (await browser.open("administration", link)).status == 409
    token = link.partition("token=")[2]
    assert (await office.post(browser, "/account/mail/prove", token=token)).status == 409
    assert (await person(office)).email == office.home.person.email


async def test_an_address_that_has_an_account_hears_so_and_nobody_else(office: Office) -> None:
    other = await make_person(office.services.database)
    page = await send(office.owner, "/account/mail", email=other.email)
    assert page.path == "/account/mail/sent"
    subjects = [letter.subject for letter in await office.to(other.email)]
    assert subjects == ["This mail address has an account already"]


async def test_an_address_that_was_taken_meanwhile_is_refused(office: Office) -> None:
    new = f"new-{office.home.person.email}"
    link = await proof(office, new)
    page = await office.owner.open("administration", link)
    at = office.services.clock.now()
    async with office.services.database.unit_of_work() as session:
        session.add(Person(email=new, name="First", created_at=at))
    assert (await office.owner.send(page, "/account/mail/prove")).status == 409


@on_one_database
@pytest.mark.parametrize("email", ["", "nobody", "jürgen@example.com", "a@b@example.com"])
async def test_what_cannot_be_written_to_is_refused(office: Office, email: str) -> None:
    assert (await send(office.owner, "/account/mail", email=email)).status == 422


@on_one_database
async def test_ones_own_address_is_no_new_one(office: Office) -> None:
    page = await send(office.owner, "/account/mail", email=office.home.person.email.upper())
    assert page.status == 422
