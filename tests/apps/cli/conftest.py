"""Running the command: in this process, or as one of its own against a running service."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from apps.api.main import create_app
from apps.cli.main import run
from shared.web.services import Services
from tests.support.as_users import url_for
from tests.support.builders import Tenant, make_tenant
from tests.support.http import served
from tests.support.ingesting import ingesting
from tests.support.servers import free_port

PATIENCE_S = 60


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Its one JSON document; fails when there is anything beside it."""
        assert self.out.count("\n") == 1, self.out + self.err
        return json.loads(self.out)


Fortress = Callable[..., Outcome]


@pytest.fixture
def fortress(
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Fortress:
    """The command on the test's database, in this process."""
    monkeypatch.setenv("FORTRESS_DATABASE_URL", url_for("cli", database_url))
    monkeypatch.setenv("VAR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")

    def fortress(*arguments: object) -> Outcome:
        capfd.readouterr()
        # In a thread: the command has an event loop of its own.
        with ThreadPoolExecutor(1) as thread:
            code = thread.submit(run, [str(argument) for argument in arguments]).result()
        return Outcome(code, *capfd.readouterr())

    return fortress


@dataclass(frozen=True)
class Service:
    """A running API and ingest, and how a command reaches them."""

    api_port: int
    tcp_port: int
    teltonika_port: int
    tenant: Tenant
    var: Path
    run: Fortress

    @property
    def _options(self) -> list[str]:
        given = ["--key", self.tenant.key, "--api", f"http://127.0.0.1:{self.api_port}"]
        return [*given, "--tcp-port", str(self.tcp_port), "--json"]

    async def fortress(self, *arguments: object) -> Outcome:
        """The command, with the options that lead to this service."""
        return await asyncio.to_thread(self.run, *arguments, *self._options)

    async def start(self, *arguments: object) -> asyncio.subprocess.Process:
        """The same as a process of its own, which can be sent signals."""
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "apps.cli.main", *map(str, arguments), *self._options),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "VAR": str(self.var)},
        )


async def outcome(process: asyncio.subprocess.Process, *signals: signal.Signals) -> Outcome:
    """Send `signals`, then wait for the end."""
    for number in signals:
        process.send_signal(number)
    async with asyncio.timeout(PATIENCE_S):
        out, err = await process.communicate()
    assert process.returncode is not None
    return Outcome(process.returncode, out.decode(), err.decode())


@pytest.fixture
async def service(services: Services, tmp_path: Path, fortress: Fortress) -> AsyncIterator[Service]:
    tenant = await make_tenant(services.database)
    async with (
        ingesting(services, teltonika_port=free_port()) as ingest,
        served(create_app(services=services)) as port,
    ):
        yield Service(port, ingest.port, ingest.teltonika_port, tenant, tmp_path, fortress)
