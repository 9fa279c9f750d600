"""`fortress device`."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from sqlalchemy import or_, select

from apps.api.devices.making import make
from apps.api.devices.schemas import DeviceIn
from apps.api.imports import rules
from apps.cli.database import Work, tell_ingest, work_in
from apps.cli.output import Json, complain, document, examples, facts, say, table
from apps.local.settings import load_local
from shared.db import scoped
from shared.errors import DomainError, Invalid, NotFound
from shared.models import DeviceProfile
from shared.settings import Settings
from shared.telemetry.clean import clean

Org = Annotated[str, typer.Option(help="Id or name of the organisation.")]

app = typer.Typer(help="Devices.", no_args_is_help=True, rich_markup_mode="rich")


@app.command(
    epilog=examples(
        "fortress device create pump-7 --org 'Harbour Offices'",
        "fortress device create pump-7 --org org_01J… --profile pump --tag cellar --json",
        "fortress device create 356307042441013 --teltonika --network 198.51.100.0/24 --org Demo",
    )
)
def create(
    uid: Annotated[str, typer.Argument(help="What the device calls itself; a tracker's IMEI.")],
    org: Org,
    name: Annotated[str, typer.Option(help="What people call it.")] = "",
    profile: Annotated[str, typer.Option(help="Id or name of its profile.")] = "",
    tag: Annotated[list[str] | None, typer.Option(help="A word to find it by; repeat it.")] = None,
    *,
    teltonika: Annotated[
        bool, typer.Option("--teltonika", help="A Teltonika tracker: it has no token.")
    ] = False,
    network: Annotated[
        list[str] | None,
        typer.Option(help="A network (CIDR) that the tracker may come from; repeat it."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Register a device. Its token is printed this once.

    A tracker proves nothing but that it knows its IMEI: limit it to the networks of its SIM cards.
    """
    values = {"uid": uid, "name": name, "profile": profile or None, "tags": tag or []}
    values |= {"transport": "teltonika" if teltonika else "lines", "networks": network or []}
    made = asyncio.run(_create(load_local(), org, values))
    if as_json:
        document(made)
    elif made["token"] is None:
        facts({"uid": made["uid"], "id": made["id"]}, "It connects with its IMEI alone.")
    else:
        facts(made, "The token is shown this once.")


@app.command(
    "import",
    epilog=examples(
        "fortress device import fleet.csv --org 'Harbour Offices' --dry-run",
        "fortress device import fleet.csv --org org_01J… --json > tokens.json",
    ),
)
def import_file(
    file: Annotated[
        Path,
        typer.Argument(help="CSV: uid, name, profile, tags (a|b), transport, networks."),
    ],
    org: Org,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check all, write nothing.")] = False,
    *,
    as_json: Json = False,
) -> None:
    """Register the devices of a CSV file. Bad rows are reported by line, the rest goes on.

    Tokens are printed this once. Exit code 1 when a row was bad.
    """
    result = asyncio.run(_import(load_local(), org, file, dry_run=dry_run))
    if as_json:
        document(result)
    else:
        _show(result)
    raise typer.Exit(1 if result["errors"] else 0)


def _show(result: dict[str, Any]) -> None:
    if result["devices"]:
        columns = ["line", "uid", "id", "token"]
        table(columns, ([item[name] or "" for name in columns] for item in result["devices"]))
    for error in result["errors"]:
        complain(f"line {error['line']}: {error['detail']}")
    if result["ignored_columns"]:
        say(f"ignored columns: {', '.join(result['ignored_columns'])}")
    verb = "would be created" if result["dry_run"] else "created"
    say(f"{len(result['devices'])} of {result['rows']} {verb}")


async def _create(settings: Settings, org: str, values: dict[str, Any]) -> dict[str, Any]:
    async with work_in(settings, org) as work:
        made = await _register(work, values)
    await tell_ingest(settings, work.organisation.public_id, [made["id"]])
    return made


async def _import(settings: Settings, org: str, file: Path, *, dry_run: bool) -> dict[str, Any]:
    try:
        sheet = rules.read_csv(await asyncio.to_thread(file.read_bytes))
    except (OSError, rules.UnreadableError) as error:
        raise Invalid(f"{file} cannot be read: {clean(str(error))}") from None
    made: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    async with work_in(settings, org) as work:
        for row in sheet.rows:
            try:
                if row.problem:
                    raise Invalid(row.problem)
                made.append({"line": row.line} | await _register(work, row.values))
            except DomainError as error:
                errors.append({"line": row.line, "code": error.code, "detail": error.detail})
        if dry_run:
            await work.session.rollback()
    if dry_run:
        made = [item | {"id": None, "token": None} for item in made]
    else:
        await tell_ingest(settings, work.organisation.public_id, (item["id"] for item in made))
    return {
        "dry_run": dry_run,
        "rows": len(sheet.rows),
        "devices": made,
        "errors": errors,
        "ignored_columns": [clean(name) for name in sheet.ignored],
    }


async def _register(work: Work, values: dict[str, Any]) -> dict[str, Any]:
    """One device. Raises a `DomainError` for a row that is none."""
    try:
        body = DeviceIn.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        raise Invalid(clean(f"{where}: {said}")) from None
    profile_id = await _profile(work, body.profile)
    device, token = await make(work.session, work.origin, body, profile_id, work.clock.now())
    return {"uid": device.uid, "id": device.public_id, "token": token}


async def _profile(work: Work, wanted: str | None) -> int | None:
    if wanted is None:
        return None
    named = or_(DeviceProfile.public_id == wanted, DeviceProfile.name == wanted)
    query = select(DeviceProfile.id).where(named)
    found = await work.session.scalar(scoped(work.organisation.id, query))
    if found is None:
        raise NotFound(f"there is no profile {clean(wanted)} in this organisation")
    return found
