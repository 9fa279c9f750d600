"""Two organisations that have everything, once a worker, and the apps that they ask."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from importlib import import_module

import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from shared.bus import MemoryBus
from shared.clock import SystemClock
from shared.db import Database
from shared.settings import Settings
from shared.storage.connect import connect_storage
from shared.web.services import Services
from tests.isolation.attempts import Attempts
from tests.isolation.callers import Making
from tests.isolation.fingerprint import Fingerprints
from tests.isolation.seed import make_organisation
from tests.isolation.walk import Organisation, Walk
from tests.support.names import dns_server


@dataclass(frozen=True)
class World:
    """The organisation whose things are asked for, and another one."""

    one: Organisation
    two: Organisation
    # How the first was when it was made.
    watched: Fingerprints


@pytest.fixture(scope="session")
async def world(database: Database, settings: Settings) -> World:
    async with database.unit_of_work() as session:
        one, two = await _organisation(session), await _organisation(session)
    storage = connect_storage(settings)
    for key in one.made.files + two.made.files:
        await storage.put(key, b"device\r\n")
    return World(one, two, await Fingerprints.take(database, one.made.org_id))


async def _organisation(session: AsyncSession) -> Organisation:
    now = SystemClock().now()
    made = await make_organisation(session, now)
    return Organisation(made, await Making(session, made, now).callers())


class Walks:
    """The walks through the apps, each made when it is first asked for."""

    def __init__(self, settings: Settings, **besides: object) -> None:
        self._settings = settings
        # Settings of single apps.
        self._besides = besides
        self._made: dict[str, Walk] = {}
        self._databases = [Attempts(Database.from_settings(settings).engine)]

    def __getitem__(self, name: str) -> Walk:
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def _make(self, name: str) -> Walk:
        # As a process of this app has them: what it adds is not read anew with each request.
        kind = getattr(import_module(f"apps.{name}.settings"), f"{name.title()}Settings")
        own = kind.model_validate({**self._settings.model_dump(), **self._besides})
        services = Services(own, self._databases[0], MemoryBus(), SystemClock())
        app: FastAPI = import_module(f"apps.{name}.main").create_app(services=services)
        entries = list(import_module(f"tests.isolation.entries.{name}").entries)
        return Walk(name, app, self._database_of(app), own, entries)

    def _database_of(self, app: FastAPI) -> Attempts:
        """The one that all share, unless an app is a database user of its own in this run."""
        here: Services = app.state.services
        if here.database is self._databases[0]:
            return self._databases[0]
        own = Attempts(here.database.engine)
        here.__dict__["database"] = own
        self._databases.append(own)
        return own

    async def close(self) -> None:
        for database in self._databases:
            await database.close()


@pytest.fixture(scope="session")
async def walks(
    settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Walks]:
    """Every app with all its routes: those too that it has in development only."""
    mail = tmp_path_factory.mktemp("mail")
    async with dns_server() as zone:
        made = Walks(settings, mail_folder=mail, dns_server=zone.address)
        yield made
        await made.close()
