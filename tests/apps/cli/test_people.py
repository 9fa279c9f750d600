"""`fortress people support`: who is of support."""

from apps.cli.main import run
from shared.db import Database
from tests.apps.cli.conftest import Fortress
from tests.support.people import make_person


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


async def test_who_is_nobody_is_said(fortress: Fortress) -> None:
    outcome = fortress("people", "support", "add", "nobody@example.com")
    assert (outcome.code, "nobody signs in with" in outcome.err) == (1, True)


def test_help_has_an_example() -> None:
    assert run(["people", "support", "add", "--help"]) == 0
