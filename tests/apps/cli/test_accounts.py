"""The first owner of an organisation comes in by what the command prints."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from apps.administration.factors.service import second_needed
from shared.auth.lost import word_of
from shared.clock import SystemClock
from shared.db import Database
from shared.ids import digest, new_id
from shared.jobs import Worker
from shared.mail.base import Letter
from shared.mail.queue import QUEUE
from shared.models import AuditEntry, Job, Organisation, Person, RecoveryCode, Role, Totp
from shared.web.services import Services
from tests.apps.cli.conftest import Fortress
from tests.support.browsing import Browser, Page, make_apps

PASSWORD = "seven quiet lamps in a row"


@pytest.fixture
def org(fortress: Fortress) -> str:
    found: str = fortress("org", "create", new_id("Harbour"), "--json").document["id"]
    return found


def address() -> str:
    return f"{new_id('p').lower()}@example.com"


async def follow(services: Services, link: str) -> Page:
    """Open the link and choose a password."""
    browser, parts = Browser(make_apps(services)), urlsplit(link)
    page = await browser.open("administration", f"{parts.path}?{parts.query}")
    return await browser.send(page, parts.path, {"password": PASSWORD})


async def test_the_first_owner_chooses_a_password_and_is_in(
    fortress: Fortress, org: str, services: Services
) -> None:
    email = address()
    made = fortress("people", "add", email, "--org", org, "--json").document
    assert made["link"].startswith("http://administration.fortress.localhost:8000/reset/new?")
    page = await follow(services, made["link"])
    assert (page.app, page.path, page.status) == ("administration", "/", 200), page.text
    assert email in page.text
    listed = fortress("people", "list", "--org", org, "--json").document["items"]
    assert [(one["email"], one["role"]) for one in listed] == [(email, "owner")]
    again = fortress("people", "reset", email, "--at", "https://a.example", "--json").document
    assert again["link"].startswith("https://a.example/reset/new?token=")


async def test_the_audit_says_that_a_link_was_made(
    fortress: Fortress, org: str, database: Database
) -> None:
    email = address()
    made = fortress("people", "add", email, "--org", org, "--json").document
    link = fortress("people", "reset", email, "--json").document["link"]
    async with database.read() as session:
        query = select(AuditEntry).where(AuditEntry.target == made["id"])
        entries = (await session.scalars(query.order_by(AuditEntry.id))).all()
    assert [entry.action for entry in entries] == ["person.create", "person.link", "person.link"]
    assert {entry.actor for entry in entries} == {"cli"}
    assert link.partition("token=")[2] not in str([entry.after for entry in entries])


async def test_a_role_of_the_organisations_own_can_be_given(
    fortress: Fortress, org: str, database: Database
) -> None:
    async with database.unit_of_work() as session:
        number = await session.scalar(select(Organisation.id).where(Organisation.public_id == org))
        role = Role(
            org_id=number, name="Night shift", permissions=[], created_at=SystemClock().now()
        )
        session.add(role)
    added = ("people", "add", address(), "--org", org, "--role", role.public_id, "--json")
    assert fortress(*added).document["role"] == role.public_id


def test_who_is_known_already_gets_no_link(fortress: Fortress, org: str) -> None:
    email = address()
    first = fortress("people", "add", email, "--org", org, "--role", "viewer", "--json").document
    other = fortress("org", "create", new_id("Mill"), "--json").document["id"]
    second = fortress("people", "add", email, "--org", other, "--json").document
    assert first["id"] == second["id"]
    assert "link" not in second
    refused = fortress("people", "add", email, "--org", org)
    assert (refused.code, "viewer there already" in refused.err) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("add", "nobody", "--org"), "write a mail address"),
        (("add", "a@example.com", "--role", "king", "--org"), "there is no role"),
        (("reset", "nobody-at-all@example.com"), "nobody signs in"),
        (("forget-codes", "nobody-at-all@example.com"), "nobody signs in"),
    ],
)
def test_what_cannot_be_is_said(
    fortress: Fortress, org: str, arguments: tuple[str, ...], says: str
) -> None:
    given = [*arguments, org] if arguments[-1] == "--org" else arguments
    ended = fortress("people", *given)
    assert (ended.code, says in ended.err) == (1, True), ended.err


async def somebody_with_codes(fortress: Fortress, org: str, services: Services) -> Person:
    """A new person of the organisation, who has an app that makes codes."""
    made = fortress("people", "add", address(), "--org", org, "--json").document
    now = SystemClock().now()
    async with services.database.unit_of_work() as session:
        query = select(Person).where(Person.public_id == made["id"])
        person = (await session.scalars(query)).one()
        session.add(Totp(person_id=person.id, secret="sealed", last_step=0, created_at=now))
    return person


async def test_who_lost_what_makes_codes_is_asked_for_none(
    fortress: Fortress, org: str, services: Services
) -> None:
    person = await somebody_with_codes(fortress, org, services)
    email, person_id, now = person.email, person.id, SystemClock().now()
    async with services.database.unit_of_work() as session:
        code = digest(new_id("code"))
        session.add(RecoveryCode(person_id=person_id, code_hash=code, created_at=now))
    assert fortress("people", "forget-codes", email).code == 0
    async with services.database.unit_of_work() as session:
        assert not await second_needed(session, person_id)
        left = select(RecoveryCode.id).where(RecoveryCode.person_id == person_id)
        assert (await session.scalars(left)).all() == []
        actions = select(AuditEntry.action).where(AuditEntry.target == person.public_id)
        assert "totp.remove" in (await session.scalars(actions)).all()
    again = fortress("people", "forget-codes", email)
    assert (again.code, "no code is asked for" in again.err) == (1, True)


@dataclass
class Outbox:
    sent: list[Letter] = field(default_factory=list)

    async def send(self, letter: Letter) -> None:
        self.sent.append(letter)

    async def close(self) -> None:
        """Nothing is held open."""


async def test_who_had_codes_taken_away_is_told_by_mail(
    fortress: Fortress, org: str, services: Services
) -> None:
    person = await somebody_with_codes(fortress, org, services)
    email, person_id = person.email, person.id
    assert fortress("people", "forget-codes", email).code == 0
    app, outbox = make_apps(services)["administration"], Outbox()
    here: Services = app.state.services
    async with here.database.read() as session:
        waits = select(Job.payload).where(Job.queue == QUEUE, Job.status == "ready")
        words = [(one, word_of(one)) for one in await session.scalars(waits)]
    (payload,) = [one for one, word in words if word is not None and word.person_id == person_id]
    assert email not in str(payload)
    assert app.state.asking.is_current(payload)
    worker = Worker(here.database, here.bus, QUEUE, app.state.asking.worker(outbox))
    while await worker.work_once():
        pass
    (letter,) = [one for one in outbox.sent if one.to == email]
    assert letter.subject == "A way to sign in was removed from your account"
    assert "your authenticator app and your recovery codes" in letter.text
