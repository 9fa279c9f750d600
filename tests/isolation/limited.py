"""What a member is answered who is limited to a group of devices."""

from dataclasses import replace

from tests.isolation.calling import Answer
from tests.isolation.conftest import World
from tests.isolation.entry import PUBLIC, SIGNED_IN, Entry
from tests.isolation.foreign import plain
from tests.isolation.things import Things, nowhere
from tests.isolation.walk import Walk


async def seen(walk: Walk, world: World) -> list[str]:
    """What is of their group, and all that is listed: nothing of other devices is in it."""
    found = []
    caller, things = world.one.callers.limited, world.one.things
    for entry in walk.entries:
        if entry.needs in (PUBLIC, SIGNED_IN):
            continue
        wanted = walk.expected(entry, caller)
        answers = [await walk.answer(entry, caller, things, world.watched, wanted)]
        if entry.query is not None and entry.is_safe and not entry.stream:
            # Without what it would be narrowed to: where that is no request, it is refused.
            answers.append(await walk.send(replace(entry, query=None), caller, things))
        wrong = [] if answers[0].status == wanted else [f"{answers[0].shown}, not {wanted:d}"]
        wrong += [one for answer in answers for one in _shows(world, answer)]
        found += [f"{entry.shown} as {caller.name}: {one}" for one in wrong]
    return found


async def unseen(walk: Walk, world: World) -> list[str]:
    """Each thing of a device that they do not see, one by one in place of one that they do."""
    found = []
    for entry in walk.entries:
        if entry.needs in (PUBLIC, SIGNED_IN):
            continue
        for thing in entry.named(world.one.things):
            if thing in world.one.made.unseen:
                found += await _one(walk, world, entry, thing)
    return found


async def _one(walk: Walk, world: World, entry: Entry, thing: str) -> list[str]:
    caller, made = world.one.callers.limited, world.one.made
    absent = nowhere(made.things)
    refused = walk.expected(entry, caller) if entry.limited is not None else 404
    wanted = entry.foreign.get(thing, refused)
    if entry.needs not in caller.permissions:
        wanted = 403
    said, other = made.unseen[thing], getattr(absent, thing)
    answers = []
    for named in (said, other):
        things: Things = replace(made.things, **{thing: named})
        answers.append(await walk.answer(entry, caller, things, world.watched, wanted))
    wrong = [] if answers[0].status == wanted else [f"{answers[0].shown}, not {wanted:d}"]
    wrong += _shows(world, answers[0], said)
    if plain(answers[0], said) != plain(answers[1], other):
        wrong.append(f"{answers[0].shown} is told from {answers[1].shown}")
    return [f"{entry.shown} as {caller.name} with another {thing}: {one}" for one in wrong]


def _shows(world: World, answer: Answer, said: str = "") -> list[str]:
    text = answer.everything.replace(said, "") if said else answer.everything
    return [f"shows {one}" for one in world.one.made.unseen_secrets if one in text]
