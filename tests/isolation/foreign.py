"""What the second organisation is answered when it asks for what the first one has."""

import json
import re
from dataclasses import replace
from urllib.parse import urlencode

from shared.auth.permissions import SCOPES
from shared.ids import new_id
from tests.isolation.calling import Answer
from tests.isolation.conftest import World
from tests.isolation.entry import PUBLIC, Entry
from tests.isolation.things import Things, nowhere
from tests.isolation.walk import Walk

# Different in each answer, whoever asks for what.
_OF_ITSELF = re.compile(r"req_[0-9A-Z]{26}|\d{4}-\d\d-\d\dT[\d:.]+Z|(?<=csrf\" value=\")[\w=-]+")
_CURSOR = re.compile(r"[?&;]cursor=([\w-]+)")
REPLAYED = "idempotent-replayed"


async def ids(walk: Walk, world: World) -> list[str]:
    """Each thing that a request names, one by one the other organisation's, the rest one's own."""
    found = []
    for entry in walk.entries:
        if entry.needs == PUBLIC:
            continue
        for thing in entry.named(world.two.things):
            found += await _with_anothers(walk, world, entry, thing)
            found += await _told_apart(walk, world, entry, thing)
    return found


async def _with_anothers(walk: Walk, world: World, entry: Entry, thing: str) -> list[str]:
    theirs = _with(world.two.things, thing, world.one.things)
    said, wanted = getattr(world.one.things, thing), entry.foreign.get(thing, 404)
    callers = world.two.callers
    # Of people the owner is asked below.
    keys = [callers.key] if entry.needs in SCOPES and not walk.routes[entry.route].person else []
    found = []
    for caller in keys:
        answer = await walk.answer(entry, caller, theirs, world.watched, wanted)
        wrong = _wrong(answer, wanted, world, said)
        found += [f"{entry.shown} as {caller.name} with another's {thing}: {one}" for one in wrong]
    return found


async def _told_apart(walk: Walk, world: World, entry: Entry, thing: str) -> list[str]:
    """Another's thing is answered as one that is not there, but for what was asked for."""
    absent = nowhere(world.one.things)
    owner, wanted = world.two.callers.owner, entry.foreign.get(thing, 404)
    answers = []
    for whose in (world.one.things, absent):
        things = _with(world.two.things, thing, whose)
        answers.append(await walk.answer(entry, owner, things, world.watched, wanted))
    said, other = getattr(world.one.things, thing), getattr(absent, thing)
    wrong = _wrong(answers[0], wanted, world, said)
    if plain(answers[0], said) != plain(answers[1], other):
        wrong.append(f"{answers[0].shown} is told from {answers[1].shown}")
    return [f"{entry.shown} as {owner.name} with another's {thing}: {one}" for one in wrong]


async def own(walk: Walk, world: World) -> list[str]:
    """What is one's own, and what nobody has to name anything for."""
    found = []
    caller = world.two.callers.owner
    for entry in walk.entries:
        wanted = walk.expected(entry, caller)
        answer = await walk.answer(entry, caller, world.two.things, world.watched, wanted)
        wrong = _wrong(answer, wanted, world)
        found += [f"{entry.shown} as {caller.name}: {one}" for one in wrong]
    changed = await world.watched.changed()
    return found + [f"asking changed {table}" for table in changed]


async def cursors(walk: Walk, world: World) -> list[str]:
    """Each list goes on by a cursor, for whom it was made and nobody else."""
    found = []
    for entry in walk.entries:
        if not walk.routes[entry.route].pages:
            continue
        mine, other = world.one.callers.owner, world.two.callers.owner
        limited = {"limit": 1} if walk.routes[entry.route].limits else {}
        first = await walk.send(entry, mine, world.one.things, urlencode(limited))
        cursor = _cursor(first)
        if cursor is None:
            found.append(f"{entry.shown}: there are too few to go on: add some to seed.py")
            continue
        query = urlencode({**limited, "cursor": cursor})
        following = await walk.send(entry, mine, world.one.things, query)
        taken = await walk.send(entry, other, world.two.things, query)
        shown = [one for one in world.one.made.secrets if one in taken.everything]
        if following.status != entry.expect:
            found.append(f"{entry.shown} does not go on: {following.shown}")
        if taken.status != 400 or shown:
            found.append(f"{entry.shown} goes on for another organisation: {taken.shown}")
    return found


async def idempotency(walk: Walk, world: World) -> list[str]:
    """A key of a request is the organisation's, and of no use to who may not make the request."""
    found = []
    for entry in walk.entries:
        if entry.is_safe or entry.needs not in SCOPES:
            continue
        callers, said = world.one.callers, {"idempotency-key": new_id("idem")}
        async with walk.database.attempt():
            await walk.send(entry, callers.key, world.one.things, **said)
            other = await walk.send(entry, world.two.callers.key, world.two.things, **said)
            lacking = await walk.send(entry, callers.without[entry.needs], world.one.things, **said)
            person = await walk.send(entry, callers.owner, world.one.things, **said)
        again = entry.expect if walk.routes[entry.route].html else 409
        expected = [(other, entry.expect), (lacking, 403), (person, again)]
        for answer, wanted in expected:
            wrong = answer.status != wanted or REPLAYED in answer.headers
            if wrong and not walk.routes[entry.route].person:
                found.append(f"{entry.shown}: {answer.shown}, not {wanted}")
    return found


def _with(things: Things, thing: str, other: Things) -> Things:
    return replace(things, **{thing: getattr(other, thing)})


def _wrong(answer: Answer, wanted: int, world: World, said: str = "") -> list[str]:
    """What an answer should not be or have. What was `said` may be said again."""
    found = [] if answer.status == wanted else [f"{answer.shown}, not {wanted}"]
    shown = answer.everything.replace(said, "") if said else answer.everything
    found += [f"shows {one}" for one in world.one.made.secrets if one in shown]
    return found + [f"changes {table}" for table in answer.changed]


def plain(answer: Answer, said: str) -> str:
    headers = {k: v for k, v in answer.headers.items() if k not in ("date", "set-cookie")}
    return _OF_ITSELF.sub("", f"{answer.status} {headers} {answer.body}".replace(said, ""))


def _cursor(answer: Answer) -> str | None:
    if "json" in answer.headers.get("content-type", ""):
        found: str | None = json.loads(answer.body).get("next")
        return found
    link = _CURSOR.search(answer.body)
    return link[1] if link else None
