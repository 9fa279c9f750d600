"""`fortress people support`: who is of support."""

from sqlalchemy import select

from apps.cli.main import run
from shared.db import Database, scoped
from shared.models import AuditEntry
from tests.apps.cli.conftest import Fortress
from tests.support.builders import make_tenant
from tests.support.people import add_member, make_person


async def test_a_person_is_made_one_of_support_and_none_any_more(
    database: Database, fortress: Fortress
) -> None:
    person = await make_person(database)
    fortress("people", "support", "add", person.email.upper())
    during = fortress("people", "support", "list", "--json").document["items"]
    fortress("people", "support", "remove", person.email)
    after = fortress("people", "support", "list", "--json").document["items"]
    assert person.public_id in {one["id"] for one in during}
    assert person.public_id not in {one["id"] for one in after}


async def test_each_of_their_organisations_hears_who_is_of_support(
    database: Database, fortress: Fortress
) -> None:
    tenants = [await make_tenant(database) for _ in range(2)]
    person = await make_person(database)
    for tenant in tenants:
        await add_member(database, tenant, person, "viewer")
    for way in ("add", "add", "remove"):
        fortress("people", "support", way, person.email)
    async with database.read() as session:
        query = select(AuditEntry.action, AuditEntry.actor, AuditEntry.before, AuditEntry.after)
        query = query.where(AuditEntry.target == person.public_id).order_by(AuditEntry.id)
        heard = [(await session.execute(scoped(one.id, query))).all() for one in tenants]
    no, yes = {"of_support": False}, {"of_support": True}
    said = [("support.add", "cli", no, yes), ("support.remove", "cli", yes, no)]
    assert [[tuple(entry) for entry in each] for each in heard] == [said, said]


async def test_who_is_nobody_is_said(fortress: Fortress) -> None:
    outcome = fortress("people", "support", "add", "nobody@example.com")
    assert (outcome.code, "nobody signs in with" in outcome.err) == (1, True)


def test_help_has_an_example() -> None:
    assert run(["people", "support", "add", "--help"]) == 0
