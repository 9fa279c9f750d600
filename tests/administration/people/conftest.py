"""Organisations with people, their letters, and browsers."""

import re
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from apps.administration.mail_entry.asking import Asking
from shared.auth.passwords import Passwords
from shared.db import scoped
from shared.jobs import Worker
from shared.mail.base import Letter
from shared.mail.queue import QUEUE
from shared.models import Attempt, AuditEntry
from shared.web.cookies import SESSION
from shared.web.csrf import make_token
from shared.web.services import Services
from tests.administration.entry.conftest import PASSWORD, Home
from tests.support.browsing import Browser, Page, make_apps
from tests.support.builders import make_tenant
from tests.support.people import MadePerson, add_member, make_person, sign_in

LINK = re.compile(r"https?://[^/\s]+(/\S+)")
NOW = timedelta(0)
# For what is refused before any database is asked.
on_one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True, scope="session"
)
# Cheap ones: what a hash costs is looked at elsewhere.
PASSWORDS = Passwords(memory_kib=64, passes=1)
HOST = "administration.fortress.localhost"


@dataclass
class Letters:
    """What was mailed: the worker's work, done when a test asks for it."""

    kept: list[Letter] = field(default_factory=list)

    async def send(self, letter: Letter) -> None:
        self.kept.append(letter)

    async def close(self) -> None:
        """Nothing is held open."""


@dataclass
class Office:
    """An organisation, its owner signed in with a browser, and what is mailed."""

    home: Home
    owner: Browser
    letters: Letters

    @property
    def services(self) -> Services:
        return self.home.services

    async def to(self, address: str) -> list[Letter]:
        """All letters to an address so far, once all that waits is sent."""
        asking: Asking = self.home.apps["administration"].state.asking
        here: Services = self.home.apps["administration"].state.services
        worker = Worker(here.database, here.bus, QUEUE, asking.worker(self.letters))
        while await worker.work_once():
            pass
        return [letter for letter in self.letters.kept if letter.to == address]

    async def link(self, address: str) -> str:
        """The path in the newest letter to an address."""
        found = LINK.search((await self.to(address))[-1].text)
        assert found is not None
        return found[1]

    async def member(self, role: str = "viewer") -> tuple[MadePerson, str]:
        """Another member who has the same password, and the membership's public id."""
        person = await make_person(
            self.services.database, password_hash=await PASSWORDS.hash(PASSWORD)
        )
        return person, await add_member(self.services.database, self.home.tenant, person, role)

    async def signed_in(self, person: MadePerson, ago: timedelta = NOW) -> Browser:
        """A browser of somebody who signed in a while `ago`."""
        at = self.services.clock.now() - ago
        made = await sign_in(self.services.database, person, at)
        return Browser(self.home.apps, {HOST: {SESSION: made.token}})

    async def post(self, browser: Browser, path: str, **fields: str) -> Page:
        """What a page would send that this browser was never shown, with a right token."""
        secret = self.services.settings.secret.get_secret_value()
        token = make_token(secret, browser.jar[HOST][SESSION])
        url = f"http://{HOST}{path}"
        headers = {"sec-fetch-site": "same-origin"}
        data = {"csrf": token, **fields}
        return Page(url, await browser.request("POST", url, data=data, headers=headers))

    async def custom(self, *permissions: str, name: str = "own") -> str:
        """A role of the organisation's own, by its public id."""
        boxes = {f"permission:{one}": "on" for one in permissions}
        await self.post(self.owner, "/roles", name=name, **boxes)
        listed = await self.owner.open("administration", "/roles")
        found = re.findall(r'href="/roles/(role_\w+)"', listed.text)
        return str(found[-1])

    async def audited(self, action: str) -> list[AuditEntry]:
        """The organisation's entries of a kind, oldest first."""
        query = select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id)
        async with self.services.database.read() as session:
            return list(await session.scalars(scoped(self.home.tenant.id, query)))


@pytest.fixture
async def office(services: Services) -> Office:
    apps = make_apps(services, "administration")
    apps["administration"].state.guard.passwords = PASSWORDS
    tenant = await make_tenant(services.database)
    async with services.database.unit_of_work() as session:
        # All tests come from one address, which is slowed after a while.
        await session.execute(delete(Attempt))
    person = await make_person(services.database, password_hash=await PASSWORDS.hash(PASSWORD))
    await add_member(services.database, tenant, person, "owner")
    home = Home(services, apps, tenant, person)
    made = await sign_in(home.services.database, home.person, home.services.clock.now())
    return Office(home, Browser(home.apps, {HOST: {SESSION: made.token}}), Letters())
