"""`fortress key`."""

import asyncio
import re
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from apps.cli.database import work_in
from apps.cli.output import Json, document, examples, facts
from apps.local.settings import load_local
from shared.auth import audit
from shared.auth.keys import make_key
from shared.auth.scopes import SCOPES
from shared.clock import from_ms
from shared.errors import Invalid
from shared.settings import Settings
from shared.telemetry.clean import clean
from shared.web.schemas import parse_instant

DAYS = re.compile(r"(\d{1,5})d")

app = typer.Typer(help="API keys.", no_args_is_help=True, rich_markup_mode="rich")


@app.command(
    epilog=examples(
        "fortress key create --org 'Harbour Offices'",
        "fortress key create --org org_01J… --scope readings:read --scope devices:read",
        "fortress key create --org org_01J… --name ci --expires 90d --json",
    )
)
def create(
    org: Annotated[str, typer.Option(help="Id or name of the organisation.")],
    name: Annotated[str, typer.Option(help="What the key is for.")] = "command line",
    scope: Annotated[
        list[str] | None, typer.Option(help="What it may do; repeat it. Default: everything.")
    ] = None,
    expires: Annotated[
        str, typer.Option(help="When it ends: 90d, or RFC 3339. Default: never.")
    ] = "",
    *,
    as_json: Json = False,
) -> None:
    """Create an API key. It is printed this once."""
    made = asyncio.run(_create(load_local(), org, name, scope or list(SCOPES), expires))
    if as_json:
        document(made)
    else:
        facts(made | {"scopes": " ".join(made["scopes"])}, "The key is shown this once.")


async def _create(
    settings: Settings, org: str, name: str, scopes: list[str], expires: str
) -> dict[str, Any]:
    unknown = sorted(set(scopes) - SCOPES.keys())
    if unknown:
        said = clean(", ".join(unknown))
        raise Invalid(f"there is no scope {said}; there are {', '.join(SCOPES)}")
    async with work_in(settings, org) as work:
        now = work.clock.now()
        ends = _ends(expires, now)
        row, key = make_key(work.organisation.id, name.strip() or "key", scopes, now, ends)
        work.session.add(row)
        await work.session.flush()
        after = {"name": row.name, "scopes": row.scopes, "expires_at": ends and ends.isoformat()}
        audit.record(work.session, work.origin, "key.create", row.public_id, at=now, after=after)
    return {
        "id": row.public_id,
        "organisation": work.organisation.public_id,
        "key": key,
        "scopes": row.scopes,
        "expires_at": ends and ends.isoformat(),
    }


def _ends(text: str, now: datetime) -> datetime | None:
    if not text:
        return None
    days = DAYS.fullmatch(text)
    try:
        ends = now + timedelta(days=int(days[1])) if days else from_ms(parse_instant(text))
    except (ValueError, OverflowError) as error:
        raise Invalid(f"--expires: {clean(str(error))}") from None
    if ends <= now:
        raise Invalid("--expires: that time is over")
    return ends
