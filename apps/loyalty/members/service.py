"""What can be done with members.

Whoever gives out tags holds the lock of their programme: nothing that looks tags up to award
points comes between (apps.loyalty.programmes.repository.share).
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from apps.loyalty.members import repository
from apps.loyalty.members.errors import NoSuchMember, NoSuchTag, TagTaken, TooManyTags
from apps.loyalty.members.schemas import MOST_TAGS, MemberOut, MemberQuery, MembersIn
from apps.loyalty.programmes import repository as programmes
from apps.loyalty.programmes.errors import NoSuchProgramme
from shared.auth import audit
from shared.ids import new_id
from shared.jobs import enqueue
from shared.models import Member
from shared.telemetry.clean import clean
from shared.web.changes import Change
from shared.web.cursors import Cursors
from shared.web.schemas import Page

CLAIMS: Final = "loyalty.claims"
# Tags that one job looks after.
TAGS_A_JOB: Final = 25


async def get(session: AsyncSession, org_id: int, public_id: str) -> Member:
    """A member of the organisation. Raises `NoSuchMember`."""
    member = await repository.find(session, org_id, public_id)
    if member is None:
        raise NoSuchMember(public_id)
    return member


async def out(session: AsyncSession, org_id: int, members: Sequence[Member]) -> list[MemberOut]:
    """Members as they are shown."""
    tags = await repository.tags_of(session, org_id, [member.id for member in members])
    known = await programmes.public_ids(session, org_id)
    return [
        MemberOut(
            id=member.public_id,
            programme=known[member.programme_id],
            name=member.name,
            tags=tags[member.id],
            created_at=member.created_at,
        )
        for member in members
    ]


async def page(
    session: AsyncSession,
    org_id: int,
    cursors: Cursors,
    query: MemberQuery,
) -> Page[MemberOut]:
    """Members in the order in which they were made. Raises `NoSuchProgramme`."""
    limit = query.limit
    about = {"members": org_id, **query.model_dump(exclude={"limit", "cursor"})}
    after = cursors.decode(about, query.cursor)[0] if query.cursor else None
    programme_id = None
    if query.programme is not None:
        found = await programmes.find(session, org_id, query.programme)
        if found is None:
            raise NoSuchProgramme(query.programme)
        programme_id = found.id
    members = await repository.page(
        session, org_id, programme_id=programme_id, tag=query.tag, after=after, limit=limit + 1
    )
    items = await out(session, org_id, members[:limit])
    more = len(members) > limit
    return Page(items=items, next=cursors.encode(about, [items[-1].id]) if more else None)


async def create(session: AsyncSession, change: Change, body: MembersIn) -> list[MemberOut]:
    """New members; what their tags earned before is theirs, by a job.

    Raises `NoSuchProgramme`, `TagTaken`; nothing is made then.
    """
    org_id = change.origin.org_id
    programme = await programmes.lock(session, org_id, body.programme)
    if programme is None:
        raise NoSuchProgramme(body.programme)
    tags = list(body.tags())
    await _refuse_taken(session, org_id, programme.id, tags)
    made = [(new_id("mbr"), member) for member in body.members]
    rows = await repository.add(
        session,
        org_id,
        programme.id,
        [(public_id, member.name) for public_id, member in made],
        change.now,
    )
    owned = [(rows[public_id], tag) for public_id, member in made for tag in member.tags]
    await repository.add_tags(session, org_id, programme.id, owned)
    await _claim(session, change, programme.id, tags)
    answers = []
    for public_id, member in made:
        facts = {"programme": body.programme, "name": member.name, "tags": sorted(member.tags)}
        _note(session, change, "member.create", public_id, after=facts)
        answers.append(MemberOut(id=public_id, created_at=change.now, **facts))
    return answers


async def add_tag(session: AsyncSession, change: Change, public_id: str, tag: str) -> MemberOut:
    """Give a member one more tag, and by a job what it earned before.

    Having it already is fine. Raises `NoSuchMember`, `TagTaken`, `TooManyTags`.
    """
    org_id = change.origin.org_id
    member = await get(session, org_id, public_id)
    known = await programmes.public_ids(session, org_id)
    await programmes.lock(session, org_id, known[member.programme_id])
    tags = (await repository.tags_of(session, org_id, [member.id]))[member.id]
    if tag not in tags:
        if len(tags) >= MOST_TAGS:
            raise TooManyTags(f"a member has at most {MOST_TAGS} tags")
        await _refuse_taken(session, org_id, member.programme_id, [tag])
        await repository.add_tags(session, org_id, member.programme_id, [(member.id, tag)])
        await _claim(session, change, member.programme_id, [tag])
        facts = {"before": {"tags": sorted(tags)}, "after": {"tags": sorted([*tags, tag])}}
        _note(session, change, "member.add_tag", public_id, **facts)
    return (await out(session, org_id, [member]))[0]


async def remove_tag(session: AsyncSession, change: Change, public_id: str, tag: str) -> None:
    """Take a tag from a member; the points it earned stay. Raises `NoSuchMember`, `NoSuchTag`."""
    org_id = change.origin.org_id
    member = await get(session, org_id, public_id)
    known = await programmes.public_ids(session, org_id)
    await programmes.lock(session, org_id, known[member.programme_id])
    if not await repository.remove_tag(session, org_id, member.id, tag):
        raise NoSuchTag(f"the member has no tag {clean(tag)}")
    _note(session, change, "member.remove_tag", public_id, before={"tag": tag})


async def _refuse_taken(
    session: AsyncSession, org_id: int, programme_id: int, tags: Sequence[str]
) -> None:
    taken = await repository.taken(session, org_id, programme_id, tags)
    if taken:
        named = ", ".join(clean(tag) for tag in taken[:5])
        raise TagTaken(f"these tags have a member already: {named}", tags=taken[:100])


async def _claim(
    session: AsyncSession, change: Change, programme_id: int, tags: Sequence[str]
) -> None:
    """Leave jobs that give the tags' new owners what the tags have earned so far."""
    for start in range(0, len(tags), TAGS_A_JOB):
        payload = {
            "org": change.origin.org_id,
            "programme": programme_id,
            "tags": tags[start : start + TAGS_A_JOB],
        }
        await enqueue(session, CLAIMS, new_id("clm"), payload, now=change.now)
    if tags:
        change.wake(CLAIMS)


def _note(
    session: AsyncSession, change: Change, action: str, target: str, **facts: dict[str, Any]
) -> None:
    audit.record(session, change.origin, action, target, at=change.now, **facts)
