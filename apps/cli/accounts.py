"""`fortress people add`, `list` and `reset`: the first owner, and who cannot get in any more."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

import typer
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from apps.cli.database import Work, opened, work_in
from apps.cli.everywhere import PersonId, record_everywhere
from apps.cli.output import Json, document, examples, facts, table
from apps.local.settings import LocalSettings, load_local
from shared.auth import audit
from shared.auth.people import address_of, join, permissions_of
from shared.auth.permissions import OWNER
from shared.clock import SystemClock
from shared.db.scope import scoped
from shared.errors import Conflict, Invalid, NotFound
from shared.ids import digest, new_secret
from shared.models import MailToken, Membership, Person
from shared.settings import Environment
from shared.telemetry.clean import clean

# Handed over by hand, which takes longer than a mail.
LASTS = timedelta(days=1)
RESET = "reset"
PAGE = "/reset/new"
LONGEST = 200

Email = Annotated[str, typer.Argument(help="The mail address that they sign in with.")]
Org = Annotated[str, typer.Option(help="Id or name of the organisation.")]
At = Annotated[
    str, typer.Option(help="Where administration answers. Default: as FORTRESS_DOMAIN says.")
]

app = typer.Typer()


@dataclass(frozen=True)
class Wanted:
    """Who should be a member, and as what."""

    email: str
    name: str
    role: str


@app.command(
    epilog=examples(
        "fortress people add name@example.com --org 'Harbour Offices'",
        "fortress people add name@example.com --org org_01J… --role viewer --name 'First Last'",
    )
)
def add(
    email: Email,
    org: Org,
    name: Annotated[str, typer.Option(help="What they are called. Default: the address.")] = "",
    role: Annotated[str, typer.Option(help="A built-in role, or the id of one's own.")] = OWNER,
    at: At = "",
    *,
    as_json: Json = False,
) -> None:
    """Make a person a member, and print a link with which they choose a password.

    For the first owner: everybody else is invited on the page /invitations.
    """
    settings = load_local()
    wanted = Wanted(address_of(email), name.strip() or email.strip(), role)
    _tell(asyncio.run(_add(settings, org, wanted, _base(settings, at))), as_json=as_json)


@app.command("list", epilog=examples("fortress people list --org 'Harbour Offices' --json"))
def list_all(org: Org, *, as_json: Json = False) -> None:
    """List the members of an organisation."""
    found = asyncio.run(_list(load_local(), org))
    if as_json:
        document({"items": found})
    else:
        columns = ["id", "name", "email", "role", "disabled"]
        table(columns, ([str(one[name]) for name in columns] for one in found))


@app.command(epilog=examples("fortress people reset name@example.com"))
def reset(email: Email, at: At = "", *, as_json: Json = False) -> None:
    """Print a link with which a person chooses a new password. Give it to nobody else."""
    settings = load_local()
    _tell(asyncio.run(_reset(settings, email, _base(settings, at))), as_json=as_json)


def _tell(made: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        document(made)
    else:
        once = "The link is shown this once, works once, and ends in a day."
        facts(made, once if "link" in made else "They sign in as they did before.")


def _base(settings: LocalSettings, at: str) -> str:
    """Where links lead: what was said, or where administration answers."""
    if at:
        return at.rstrip("/")
    if settings.environment is Environment.development:
        return f"http://administration.{settings.domain}:{settings.port}"
    return f"https://administration.{settings.domain}"


async def _add(settings: LocalSettings, org: str, wanted: Wanted, base: str) -> dict[str, Any]:
    if not (wanted.name.isprintable() and len(wanted.name) <= LONGEST):
        raise Invalid(f"a name has at most {LONGEST} printable characters")
    async with work_in(settings, org) as work:
        await permissions_of(work.session, work.origin.org_id, wanted.role)
        person_id, public_id, new = await _person(work, wanted)
        member = await _join(work, person_id, wanted.role)
        made = {"id": public_id, "email": wanted.email, "member": member, "role": wanted.role}
        if new:
            person = PersonId(person_id, public_id)
            made["link"] = await _link(work.session, person, wanted.email, base)
    return made


async def _person(work: Work, wanted: Wanted) -> tuple[int, str, bool]:
    """Number and public id of who has this address, and whether they were made just now."""
    query = select(Person.id, Person.public_id).where(Person.email == wanted.email)
    row = (await work.session.execute(query)).one_or_none()
    if row is not None:
        return row.id, row.public_id, False
    now = work.clock.now()
    person = Person(email=wanted.email, name=wanted.name, created_at=now)
    work.session.add(person)
    await work.session.flush()
    after = {"name": wanted.name, "email": wanted.email}
    audit.record(work.session, work.origin, "person.create", person.public_id, at=now, after=after)
    return person.id, person.public_id, True


async def _join(work: Work, person_id: int, role: str) -> str:
    now, org_id = work.clock.now(), work.origin.org_id
    member = await join(work.session, org_id, person_id, role, now)
    if member.role != role:
        raise Conflict(f"they are {member.role} there already; an owner changes that on /people")
    after = {"role": role}
    audit.record(work.session, work.origin, "member.join", member.public_id, at=now, after=after)
    return member.public_id


async def _reset(settings: LocalSettings, email: str, base: str) -> dict[str, Any]:
    address = address_of(email)
    query = select(Person.id, Person.public_id).where(
        Person.email == address, Person.disabled.is_(False), Person.erased_at.is_(None)
    )
    async with opened(settings) as database, database.unit_of_work() as session:
        row = (await session.execute(query)).one_or_none()
        if row is None:
            raise NotFound(f"nobody signs in with {clean(address)}; see `fortress people list`")
        person = PersonId(row.id, row.public_id)
        return {"email": address, "link": await _link(session, person, address, base)}


async def _link(session: AsyncSession, person: PersonId, address: str, base: str) -> str:
    """A new link to the page on which a password is chosen; the audit says that there is one."""
    token, now = new_secret(), SystemClock().now()
    await session.execute(
        insert(MailToken).values(
            token_hash=digest(token),
            person_id=person.number,
            kind=RESET,
            email=address,
            created_at=now,
            expires_at=now + LASTS,
        )
    )
    after = {"expires_at": (now + LASTS).isoformat()}
    await record_everywhere(session, person, "person.link", at=now, after=after)
    return f"{base}{PAGE}?token={token}"


async def _list(settings: LocalSettings, org: str) -> list[dict[str, Any]]:
    columns = Membership.public_id, Person.name, Person.email, Membership.role, Person.disabled
    async with work_in(settings, org) as work:
        query = scoped(
            work.origin.org_id,
            select(*columns).join(Person, Person.id == Membership.person_id),
        )
        rows = (await work.session.execute(query.order_by(Person.email))).all()
    return [
        {"id": row[0], "name": row[1], "email": row[2], "role": row[3], "disabled": row[4]}
        for row in rows
    ]
