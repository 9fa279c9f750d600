"""One app, its routes, their entries, and what each caller is answered."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from http import HTTPStatus

from fastapi import FastAPI

from shared.settings import Settings
from tests.isolation.attempts import Attempts
from tests.isolation.callers import Caller, Callers
from tests.isolation.calling import Answer, send
from tests.isolation.entry import PUBLIC, SIGNED_IN, Entry
from tests.isolation.fingerprint import Fingerprints
from tests.isolation.routes import Declared, Key, routes
from tests.isolation.seed import Made
from tests.isolation.things import Things

ADD = (
    "{method} {path} has no entry: say in tests/isolation/entries/{app}.py what it needs and what"
    " a request of it looks like; CONTRIBUTING.md says how"
)
STALE = "tests/isolation/entries/{app}.py has an entry for {method} {path}, which is no route"
SILENT = (
    "{method} {path} does not say who may call it: let it depend on allow(…), signed_in or"
    " public(why)"
)
OTHER = "{method} {path} needs {declared}, where its entry in tests/isolation says {said}"
REFUSED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}


@dataclass(frozen=True)
class Organisation:
    """What is there, and who belongs to it."""

    made: Made
    callers: Callers

    @property
    def things(self) -> Things:
        return self.made.things


def without_entry(app: str, there: Iterable[Key], entries: Iterable[Entry]) -> list[str]:
    """A sentence for each route that no entry is of, and for each entry without a route."""
    said = [entry.route for entry in entries]
    wrong = [(ADD, one) for one in sorted(set(there) - set(said))]
    wrong += [(STALE, one) for one in sorted(set(said) - set(there))]
    wrong += [("{method} {path} has two entries", one) for one in set(said) if said.count(one) > 1]
    return [text.format(app=app, method=method, path=path) for text, (method, path) in wrong]


def misdeclared(there: dict[Key, Declared], entries: Iterable[Entry]) -> list[str]:
    """A sentence for each route that declares nothing, or something else than its entry says."""
    found = []
    for entry in entries:
        declared = there[entry.route].needs if entry.route in there else {entry.needs}
        named = {"method": entry.method, "path": entry.path}
        if not declared:
            found.append(SILENT.format(**named))
        elif declared != {entry.needs}:
            shown = " and ".join(sorted(declared))
            found.append(OTHER.format(**named, declared=shown, said=entry.needs))
    return found


@dataclass
class Walk:
    """Asks the routes of one app. `watched`: what nobody who is turned away may change."""

    name: str
    app: FastAPI
    database: Attempts
    settings: Settings
    entries: list[Entry]

    def __post_init__(self) -> None:
        self.routes = routes(self.app)

    def entered(self) -> set[Key]:
        """The routes that have an entry, so that they are walked."""
        return {entry.route for entry in self.entries} & self.routes.keys()

    async def ask(
        self, entry: Entry, caller: Caller, things: Things, watched: Fingerprints, wanted: int
    ) -> list[str]:
        """What is wrong with what a caller is answered, who should be answered with `wanted`."""
        answer = await self.answer(entry, caller, things, watched, wanted)
        wrong = [] if answer.status == wanted else [f"{answer.shown}, not {wanted:d}"]
        wrong += [f"changes {table}" for table in answer.changed]
        return [f"{entry.shown} as {caller.name}: {one}" for one in wrong]

    async def answer(
        self, entry: Entry, caller: Caller, things: Things, watched: Fingerprints, wanted: int
    ) -> Answer:
        """What a caller is answered, asking for `things`. What may succeed is undone after.

        The answer says what it changed of what is `watched`, unless the caller is of there and
        was let in.
        """
        if entry.is_safe:
            return await self.send(entry, caller, things)
        before = self.database.writes
        refusal = wanted in REFUSED
        undone = self.database.read() if refusal else self.database.attempt()
        async with undone:
            answer = await self.send(entry, caller, things)
            let_in = caller.org_id == watched.org_id and answer.status not in REFUSED
            if let_in or self.database.writes == before:
                return answer
            return replace(answer, changed=await watched.changed())

    async def send(
        self, entry: Entry, caller: Caller, things: Things, query: str = "", **headers: str
    ) -> Answer:
        """What a caller is answered; what it does stays done."""
        return await send(
            self.app,
            entry.call(things).also(query),
            {**caller.headers(self.name, self.settings), **headers},
            host=f"{self.name}.{self.settings.domain}",
            stream=entry.stream,
        )

    def expected(self, entry: Entry, caller: Caller) -> int:
        """The status with which a caller is answered, asking for what is their own."""
        if entry.needs == PUBLIC:
            return entry.present or entry.expect if caller.is_present else entry.expect
        declared = self.routes[entry.route]
        if entry.needs != SIGNED_IN and caller.refused is not None:
            return caller.refused
        if entry.needs != SIGNED_IN and entry.needs not in caller.permissions:
            return HTTPStatus.FORBIDDEN
        if declared.person and not caller.is_present:
            return HTTPStatus.UNAUTHORIZED
        if declared.fresh and not caller.fresh:
            return HTTPStatus.FORBIDDEN
        other = (caller.removed and entry.removed) or (caller.limited and entry.limited)
        return other or entry.expect

    async def turned(
        self, entry: Entry, callers: Iterable[Caller], of: Organisation, watched: Fingerprints
    ) -> list[str]:
        """A sentence for each caller whom a route answers otherwise than the table says."""
        found = []
        for caller in _different(entry, callers):
            wanted = self.expected(entry, caller)
            found += await self.ask(entry, caller, of.things, watched, wanted)
        return found


def _different(entry: Entry, callers: Iterable[Caller]) -> list[Caller]:
    """Those of `callers` between whom a route can tell: where it asks for no permission, it makes
    no difference what they may do.
    """
    some = list(callers)
    if entry.needs == PUBLIC:
        return some[:1]
    if entry.needs == SIGNED_IN and all(one.refused is None for one in some):
        return some[:2]
    return some
