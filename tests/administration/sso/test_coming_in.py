"""People come in by their organisation's own provider: a real one, in a process."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select, update

from apps.administration.privacy import service as privacy
from shared.auth import people
from shared.auth.permissions import ROLES
from shared.auth.principal import Principal
from shared.clock import SystemClock
from shared.ids import digest, new_secret
from shared.models import AuditEntry, MailToken, Membership, Person, SignIn, SsoConnection, Totp
from shared.web import cookies
from tests.administration.sso.conftest import BACK, Company, query_of
from tests.support.browsing import Browser, Page
from tests.support.builders import make_tenant
from tests.support.people import MadePerson, add_member, make_person

pytestmark = pytest.mark.parametrize("database_url", ["mariadb"], indirect=True, scope="session")

PASSWORD = "correct horse battery staple"


async def _set(company: Company, person: Person | int, **values: object) -> None:
    number = person if isinstance(person, int) else person.id
    async with company.database.unit_of_work() as session:
        await session.execute(update(Person).where(Person.id == number).values(**values))


async def test_the_way_there_has_all_that_makes_it_safe(company: Company) -> None:
    there = await company.goes(company.address())
    assert there.startswith(f"{company.provider.issuer}/auth?")
    asked = query_of(there)
    assert asked["redirect_uri"] == BACK
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) == 43
    again = query_of(await company.goes(company.address()))
    assert not any(asked[name] == again[name] for name in ("state", "nonce", "code_challenge"))


async def test_somebody_new_becomes_a_member_with_the_role_that_is_set(company: Company) -> None:
    ann = await company.knows("ann", company.address())
    page = await company.comes(ann)
    assert (page.status, page.path) == (200, "/")
    assert company.address() in page.text
    [person] = await company.people()
    assert (person.email, person.name) == (company.address(), "Ann Example")
    assert await company.members() == {person.id: "viewer"}


async def test_it_is_in_the_audit_and_among_the_sign_ins(company: Company) -> None:
    await company.comes(await company.knows("ann", company.address()))
    [person] = await company.people()
    async with company.database.read() as session:
        mine = select(AuditEntry).where(AuditEntry.org_id == company.tenant.id)
        entries = {one.action: one for one in await session.scalars(mine)}
        methods = select(SignIn.method).where(SignIn.person_id == person.id)
        assert list(await session.scalars(methods)) == ["sso"]
    assert {"sso.link", "member.join"} <= set(entries)
    assert entries["member.join"].actor == person.public_id
    assert entries["member.join"].after == {
        "person": person.public_id,
        "role": "viewer",
        "by": "sso",
    }


async def test_the_same_subject_is_the_same_person_under_another_address(company: Company) -> None:
    await company.comes(await company.knows("ann", company.address()))
    page = await company.comes(await company.knows("ann", company.address("married")))
    assert page.path == "/"
    assert len(await company.people()) == 1


async def test_an_address_that_is_told_apart_from_the_token_is_asked_for(company: Company) -> None:
    await company.provider.lies(without=["email", "email_verified", "name"])
    page = await company.comes(await company.knows("ann", company.address()))
    assert (page.status, page.path) == (200, "/")
    assert [one.email for one in await company.people()] == [company.address()]


async def test_an_account_that_was_there_agrees_by_a_letter_once(company: Company) -> None:
    person = await make_person(company.database)
    await _set(company, person.id, email=company.address())
    ann = await company.knows("ann", company.address())
    page = await company.comes(ann)
    assert "One more step" in page.text
    await company.comes(ann)
    [letter] = await company.letters(company.address())
    link = letter.partition("/sign-in/sso/link")[2].split()[0]
    assert await company.members() == {}
    page = await company.browser.open("administration", f"/sign-in/sso/link{link}")
    page = await company.browser.send(page, "/sign-in/sso/link")
    assert "Your account is linked" in page.text
    assert (await company.comes(ann)).path == "/"
    assert await company.members() == {person.id: "viewer"}
    assert {"sso.link", "member.join"} <= await company.audited()
    page = await company.browser.open("administration", f"/sign-in/sso/link{link}")
    assert (await company.browser.send(page, "/sign-in/sso/link")).status == 400


@pytest.mark.parametrize("demanded", [False, True])
async def test_an_account_with_codes_agrees_with_one(company: Company, demanded: bool) -> None:
    person, now = await make_person(company.database), SystemClock().now()
    await add_member(company.database, company.tenant, person, "viewer")
    await _set(company, person.id, email=company.address())
    secret = pyotp.random_base32()
    sealed = company.app.state.guard.seal.close({"secret": secret}, label=str(person.id))
    async with company.database.unit_of_work() as session:
        session.add(Totp(person_id=person.id, secret=sealed, last_step=0, created_at=now))
    if demanded:
        await _enforce(company)
    ann = await company.knows("ann", company.address())
    await company.comes(ann)
    [letter] = await company.letters(company.address())
    link = f"/sign-in/sso/link{letter.partition('/sign-in/sso/link')[2].split()[0]}"
    page = await company.browser.open("administration", link)
    page = await company.browser.send(page, "/sign-in/sso/link")
    assert 'name="code"' in page.text
    page = await company.browser.send(page, "/sign-in/sso/link", {"code": "12345x"})
    assert page.status == 422
    assert [one.linked_at for one in await company.links()] == [None]
    right = {"code": pyotp.TOTP(secret).at(SystemClock().now())}
    page = await company.browser.send(page, "/sign-in/sso/link", right)
    assert "Your account is linked" in page.text
    assert (await company.comes(ann)).path == "/"


async def test_a_provider_opens_no_account_of_an_owner_that_did_not_agree(company: Company) -> None:
    owner = await make_person(company.database)
    await add_member(company.database, company.tenant, owner, "owner")
    await _set(company, owner.id, email=company.address("owner"))
    false = await company.knows("false", company.address("owner"))
    page = await company.comes(false)
    assert "One more step" in page.text
    assert "__Host-fortress" not in company.browser.jar["administration.fortress.localhost"]


async def test_of_two_who_come_for_the_first_time_at_once_there_is_one(company: Company) -> None:
    ann = await company.knows("ann", company.address())
    first, second = company.browser, Browser({"administration": company.app})
    ways = [await company.way_back(ann)]
    company.browser = second
    # In another browser they sign in at the provider anew.
    company.provider.forget()
    ways.append(await company.way_back(ann))
    pages = await asyncio.gather(
        *(one.open("administration", way) for one, way in zip((first, second), ways, strict=True))
    )
    assert [page.path for page in pages] == ["/", "/"]
    assert len(await company.people()) == len(await company.links()) == 1


async def _disable(company: Company, person: Person) -> None:
    await _set(company, person, disabled=True)


async def _erase(company: Company, person: Person) -> None:
    await _set(company, person, erased_at=SystemClock().now())


async def _move(company: Company, person: Person) -> None:
    await _set(company, person, email=f"{person.public_id.lower()}@elsewhere.example.com")


async def _remove(company: Company, person: Person) -> None:
    async with company.database.unit_of_work() as session:
        mine = select(Membership).where(Membership.person_id == person.id)
        await session.delete((await session.scalars(mine)).one())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_disable, "switched off"),
        (_erase, "switched off"),
        (_move, "another domain"),
        (_remove, "not a member of this organisation any more"),
    ],
)
async def test_who_is_linked_and_may_not_come_in_stays_out(
    company: Company, change: Callable[[Company, Person], object], said: str
) -> None:
    ann = await company.knows("ann", company.address())
    await company.comes(ann)
    [person] = await company.people()
    company.browser.jar.clear()
    await change(company, person)  # type: ignore[misc]  # each of them is a coroutine
    page = await company.comes(ann)
    assert page.status == 403
    assert said in page.text
    assert "Sign in in another way" in page.text


async def test_another_subject_with_the_address_of_somebody_linked_stays_out(
    company: Company,
) -> None:
    await company.comes(await company.knows("ann", company.address()))
    page = await company.comes(await company.knows("next ann", company.address()))
    assert page.status == 403
    assert "belongs to somebody else there" in page.text


@pytest.mark.parametrize("role", ["owner", "role_00000000000000000000000000", "gone"])
async def test_nobody_gets_a_role_that_cannot_be_given_by_coming(
    company: Company, role: str
) -> None:
    async with company.database.unit_of_work() as session:
        mine = update(SsoConnection).where(SsoConnection.org_id == company.tenant.id)
        await session.execute(mine.values(role=role))
    page = await company.comes(await company.knows("ann", company.address()))
    assert page.status == 403
    assert await company.people() == []


async def test_links_are_of_one_organisation_though_two_have_the_same_provider(
    company: Company,
) -> None:
    await company.comes(await company.knows("ann", company.address()))
    tenant = await make_tenant(company.database)
    other = Company(company.app, company.database, company.provider, company.registered, tenant)
    await other.prove(other.domain)
    await other.connect()
    ann = f"ann of {company.domain}"
    page = await other.comes(ann, other.address())
    assert page.status == 403
    assert "has not proved" in page.text


async def _enforce(company: Company) -> None:
    async with company.database.unit_of_work() as session:
        mine = update(SsoConnection).where(SsoConnection.org_id == company.tenant.id)
        await session.execute(mine.values(enforced=True))


async def _member(company: Company, role: str, email: str) -> Page:
    """Somebody who comes by a password, and the page at its end."""
    hashed = await company.app.state.guard.passwords.hash(PASSWORD)
    person = await make_person(company.database, password_hash=hashed)
    await add_member(company.database, company.tenant, person, role)
    await _set(company, person.id, email=email)
    page = await company.browser.open("administration", "/sign-in")
    return await company.browser.send(page, "/sign-in", {"email": email, "password": PASSWORD})


async def test_where_it_is_demanded_a_password_opens_nothing(company: Company) -> None:
    await _enforce(company)
    page = await _member(company, "viewer", company.address())
    assert page.status == 403
    assert "asks for single sign-on" in page.text
    assert cookies.SESSION not in company.browser.jar["administration.fortress.localhost"]


@pytest.mark.parametrize(
    ("role", "email"), [("owner", "owner@{domain}"), ("viewer", "ann.{domain}@example.com")]
)
async def test_owners_and_people_of_other_domains_have_their_other_ways(
    company: Company, role: str, email: str
) -> None:
    await _enforce(company)
    page = await _member(company, role, email.format(domain=company.domain))
    assert (page.status, page.path) == (200, "/")


async def _leave(company: Company, _person: MadePerson, membership: str) -> None:
    """As `/people` has it."""
    tenant = company.tenant
    owner = Principal(tenant.id, tenant.public_id, "usr_X", ROLES["owner"], person_id=0)
    async with company.database.unit_of_work() as session:
        await people.remove(session, owner, membership, SystemClock().now())


async def _leave_and_move(company: Company, person: MadePerson, membership: str) -> None:
    await _leave(company, person, membership)
    await _set(company, person.id, email=f"{person.public_id.lower()}@elsewhere.example.com")


async def _be_erased(company: Company, person: MadePerson, _membership: str) -> None:
    async with company.database.unit_of_work() as session:
        await privacy.erase(session, person.id, SystemClock().now())


async def _leave_and_be_erased(company: Company, person: MadePerson, membership: str) -> None:
    await _leave(company, person, membership)
    await _be_erased(company, person, membership)


@pytest.mark.parametrize("leave", [_leave, _leave_and_move, _be_erased, _leave_and_be_erased])
async def test_who_was_a_member_and_never_linked_does_not_come_back_by_it(
    company: Company, leave: Callable[[Company, MadePerson, str], Awaitable[None]]
) -> None:
    person = await make_person(company.database)
    membership = await add_member(company.database, company.tenant, person, "viewer")
    await _set(company, person.id, email=company.address())
    await leave(company, person, membership)
    page = await company.comes(await company.knows("ann", company.address()))
    assert page.status == 403
    assert "ask an administrator for an invitation" in page.text
    assert await company.members() == {}
    assert await company.letters(company.address()) == []


async def test_who_leaves_while_a_letter_is_on_its_way_does_not_come_back_by_it(
    company: Company,
) -> None:
    person = await make_person(company.database)
    membership = await add_member(company.database, company.tenant, person, "viewer")
    await _set(company, person.id, email=company.address())
    await company.comes(await company.knows("ann", company.address()))
    [letter] = await company.letters(company.address())
    await _leave(company, person, membership)
    link = letter.partition("/sign-in/sso/link")[2].split()[0]
    page = await company.browser.open("administration", f"/sign-in/sso/link{link}")
    page = await company.browser.send(page, "/sign-in/sso/link")
    assert page.status == 403
    assert "ask an administrator for an invitation" in page.text
    assert await company.members() == {}


async def test_who_was_let_in_again_comes_by_it(company: Company) -> None:
    person = await make_person(company.database)
    membership = await add_member(company.database, company.tenant, person, "viewer")
    await _set(company, person.id, email=company.address())
    await _leave(company, person, membership)
    await add_member(company.database, company.tenant, person, "analyst")
    page = await company.comes(await company.knows("ann", company.address()))
    assert "One more step" in page.text
    assert await company.members() == {person.id: "analyst"}


@pytest.mark.parametrize(
    ("enforced", "elsewhere", "status"), [(True, True, 403), (True, False, 200), (False, True, 200)]
)
async def test_where_it_is_demanded_an_address_stays_of_a_proved_domain(
    company: Company, enforced: bool, elsewhere: bool, status: int
) -> None:
    await company.comes(await company.knows("ann", company.address()))
    if enforced:
        await _enforce(company)
    domain = f"elsewhere-{company.domain}" if elsewhere else company.domain
    page = await company.browser.open("administration", "/account/mail")
    page = await company.browser.send(page, "/account/mail", {"email": f"other@{domain}"})
    assert page.status == status
    assert (page.path == "/account/mail/sent") is (status == 200)


async def test_where_it_is_demanded_meanwhile_a_letter_takes_no_address_away(
    company: Company,
) -> None:
    await company.comes(await company.knows("ann", company.address()))
    new = f"ann@elsewhere-{company.domain}"
    [person] = await company.people()
    token, now = new_secret(), SystemClock().now()
    later = now + timedelta(minutes=15)
    row = MailToken(
        token_hash=digest(token),
        person_id=person.id,
        kind="prove",
        email=new,
        created_at=now,
        expires_at=later,
    )
    async with company.database.unit_of_work() as session:
        session.add(row)
    await _enforce(company)
    page = await company.browser.open("administration", f"/account/mail/prove?token={token}")
    page = await company.browser.send(page, "/account/mail/prove")
    assert page.status == 403
    assert [one.email for one in await company.people()] == [company.address()]
