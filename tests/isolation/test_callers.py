"""Who may call what: the table of permissions says it, of every route of every app."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import cycle

import pytest

from tests.isolation.callers import APPS, Caller
from tests.isolation.conftest import Walks, World
from tests.isolation.entry import Entry
from tests.isolation.walk import Walk

pytestmark = pytest.mark.parametrize("database_url", ["mariadb"], indirect=True, scope="session")
each_app = pytest.mark.parametrize("app", APPS)


async def turned(
    walk: Walk, world: World, callers: Callable[[Entry], Iterable[Caller]]
) -> list[str]:
    """A sentence for each caller of the first organisation who is not answered as is right."""
    found = []
    for entry in walk.entries:
        found += await walk.turned(entry, callers(entry), world.one, world.watched)
    return found


@each_app
async def test_nobody_gets_in_without_a_credential_that_is_in_force(
    walks: Walks, world: World, app: str
) -> None:
    callers = world.one.callers
    odd = cycle(callers.odd)
    wrong = await turned(walks[app], world, lambda _: [*callers.refused, next(odd)])
    assert not wrong, "\n".join(wrong)


@each_app
async def test_each_role_may_do_what_the_table_says(walks: Walks, world: World, app: str) -> None:
    walk, callers = walks[app], world.one.callers

    def people(entry: Entry) -> list[Caller]:
        stale = [callers.stale] if walk.routes[entry.route].fresh else []
        return [*stale, *callers.roles]

    wrong = await turned(walk, world, people)
    assert not wrong, "\n".join(wrong)


@each_app
@pytest.mark.parametrize("said", ["x", "Basic x", ""], ids=["word", "basic", "empty"])
async def test_no_header_makes_an_old_sign_in_fresh(
    walks: Walks, world: World, app: str, said: str
) -> None:
    """Whoever sends it is refused as before, or as somebody with no key at all."""
    walk, caller = walks[app], replace(world.one.callers.stale, authorization=said)
    wrong = []
    for entry in walk.entries:
        if walk.routes[entry.route].fresh:
            answer = await walk.answer(entry, caller, world.one.things, world.watched, 403)
            if answer.status not in (401, 403) or answer.changed:
                wrong.append(f"{entry.shown} with {said!r}: {answer.shown}, {answer.changed}")
    assert not wrong, "\n".join(wrong)


@each_app
async def test_a_key_needs_the_scope_of_the_route_and_no_other(
    walks: Walks, world: World, app: str
) -> None:
    """A key that lacks another scope than the route's is let in as one with that scope alone is."""
    callers = world.one.callers

    def keys(entry: Entry) -> list[Caller]:
        some = [
            every[entry.needs] for every in (callers.only, callers.without) if entry.needs in every
        ]
        return [callers.key, *some]

    wrong = await turned(walks[app], world, keys)
    assert not wrong, "\n".join(wrong)
