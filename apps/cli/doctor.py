"""`fortress doctor`."""

import asyncio
import socket
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from rich.console import Console
from rich.markup import escape

from apps.cli.output import Json, document, examples
from apps.local.settings import LocalSettings, load_local
from migrations.revision import newest, present
from shared.bus import connect_bus
from shared.db import Database
from shared.errors import ConfigurationError
from shared.ids import new_id
from shared.storage import connect_storage
from shared.telemetry.clean import clean

PATIENCE_S = 10.0

app = typer.Typer()


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `advice`: what to do where it is not well."""

    name: str
    ok: bool
    said: str
    advice: str = ""


@app.command("doctor", epilog=examples("fortress doctor", "fortress doctor --json"))
def doctor(*, as_json: Json = False) -> None:
    """Look at settings, database, bus, storage and ports, and say what to do.

    Exit code 1 when something is not well.
    """
    findings = asyncio.run(examine())
    well = all(finding.ok for finding in findings)
    if as_json:
        document({"ok": well, "findings": [asdict(finding) for finding in findings]})
    else:
        _show(findings)
    raise typer.Exit(0 if well else 1)


async def examine() -> list[Finding]:
    """Every finding. Without usable settings there is only one."""
    try:
        settings = load_local()
    except ConfigurationError as error:
        return [Finding("settings", False, error.detail, "correct the environment variable")]
    findings = [Finding("settings", True, f"{settings.environment.value}, {settings.domain}")]
    checks = [
        ("database", _database, "start it, or correct FORTRESS_DATABASE_URL"),
        ("tables", _tables, "run `fortress migrate`"),
        ("bus", _bus, "start it, or correct FORTRESS_BUS_URL; memory:// needs none"),
        ("storage", _storage, "make it writable, or correct FORTRESS_STORAGE_URL"),
        ("time zones", _zones, "install the package tzdata"),
        ("web port", _web_port, "stop what uses it, or set PORT"),
        ("device port", _device_port, "stop what uses it, or set TCP_PORT"),
    ]
    for name, check, advice in checks:
        findings.append(await _find(name, check, advice, settings))
    return findings


Check = Callable[[LocalSettings], Awaitable[tuple[bool, str]]]


async def _find(name: str, check: Check, advice: str, settings: LocalSettings) -> Finding:
    try:
        async with asyncio.timeout(PATIENCE_S):
            ok, said = await check(settings)
    except TimeoutError:
        ok, said = False, f"no answer within {PATIENCE_S:g} s"
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        ok, said = False, clean(f"{type(error).__name__}: {error.__cause__ or error}")
    return Finding(name, ok, said, "" if ok else advice)


async def _database(settings: LocalSettings) -> tuple[bool, str]:
    database = Database.from_settings(settings, pool=1)
    try:
        async with database.engine.connect() as connection:
            await connection.exec_driver_sql("SELECT 1")
    finally:
        await database.close()
    return True, settings.database_address.render_as_string(hide_password=True)


async def _tables(settings: LocalSettings) -> tuple[bool, str]:
    database = Database.from_settings(settings, pool=1)
    try:
        async with database.engine.connect() as connection:
            at = await connection.run_sync(present)
    finally:
        await database.close()
    return at == newest(), f"at {at or 'nothing'}; this version needs {newest()}"


async def _bus(settings: LocalSettings) -> tuple[bool, str]:
    bus = connect_bus(settings)
    try:
        ok = await bus.ping()
    finally:
        await bus.close()
    where = settings.bus_url.rpartition("@")[2]
    return ok, f"{clean(where)} {'answers' if ok else 'does not answer'}"


async def _storage(settings: LocalSettings) -> tuple[bool, str]:
    storage = connect_storage(settings)
    key = f"doctor/{new_id('probe')}"
    await storage.put(key, b"probe")
    try:
        kept = await storage.get(key)
    finally:
        await storage.delete(key)
    return kept == b"probe", settings.storage_url


async def _zones(_settings: LocalSettings) -> tuple[bool, str]:
    try:
        ZoneInfo("Europe/Brussels")
    except ZoneInfoNotFoundError:
        return False, "this machine knows no time zones"
    return True, "known"


async def _web_port(settings: LocalSettings) -> tuple[bool, str]:
    if _free(settings.host, settings.port):
        return True, f"{settings.port} is free"
    if await asyncio.to_thread(_is_ours, settings):
        return True, f"Fortress answers on {settings.port}"
    return False, f"{settings.port} is used by something else"


async def _device_port(settings: LocalSettings) -> tuple[bool, str]:
    if _free(settings.host, settings.tcp_port):
        return True, f"{settings.tcp_port} is free"
    if await asyncio.to_thread(_is_ours, settings):
        return True, f"in use while Fortress answers on {settings.port}"
    return False, f"{settings.tcp_port} is used by something else"


def _free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _is_ours(settings: LocalSettings) -> bool:
    request = urllib.request.Request(
        f"http://{settings.near_host}:{settings.port}/healthz",
        headers={"Host": f"api.{settings.domain}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=2) as answer:  # noqa: S310 - as above
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError, ValueError):
        return False


def _show(findings: list[Finding]) -> None:
    console = Console(highlight=False)
    for finding in findings:
        mark = "[green]ok    [/green]" if finding.ok else "[red]failed[/red]"
        console.print(f"{mark} [bold]{finding.name:<12}[/bold] {escape(finding.said)}")
        if finding.advice:
            console.print(f"       [yellow]{escape(finding.advice)}[/yellow]")
