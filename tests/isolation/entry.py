"""Entries: of each route what it needs, and how a request looks that it takes.

An entry is written with the ids of `Things` for everything that belongs to an organisation. From
it the walk makes the requests of everybody who should, and of everybody who should not, be let in.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import quote, urlencode

from tests.isolation.things import Noting, Things

# What a route may need that is no permission.
PUBLIC: Final = "public"
SIGNED_IN: Final = "signed in"

# Name of a path parameter → the thing that it names.
PATHS: Final[Mapping[str, str]] = {
    "organisation_id": "organisation",
    "key_id": "key",
    "entry_id": "audit",
    "profile_id": "profile",
    "device_id": "device",
    "letter_id": "letter",
    "group_id": "group",
    "meter_id": "meter",
    "programme_id": "programme",
    "member_id": "member",
    "tag": "tag",
    "rule_id": "rule",
    "role_id": "role",
    "passkey_id": "passkey",
    "account_id": "account",
    "domain_id": "domain",
    "link_id": "link",
    "grant_id": "grant",
    "run_id": "run",
    "invitation_id": "invitation",
    "membership_id": "membership",
}
_PARAMETER = re.compile(r"\{(\w+)(?::path)?\}")

Made = Callable[[Things], Any]


@dataclass(frozen=True)
class Call:
    """A request, but for who makes it."""

    method: str
    target: str
    body: bytes = b""
    content_type: str | None = None

    def also(self, query: str) -> "Call":
        """The same with more in its query."""
        if not query:
            return self
        sign = "&" if "?" in self.target else "?"
        return replace(self, target=f"{self.target}{sign}{query}")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A route and a request that it takes with `expect`.

    `needs`: a permission, `SIGNED_IN` or `PUBLIC`, as the route declares it. `foreign`: what is
    answered instead of 404 where a thing (by its name in `Things`) is another organisation's.
    `where`: path parameters that `PATHS` does not know. `stream`: the answer does not end.
    `present`: what a public route answers who is signed in already; `removed`: what a route for
    everybody who is signed in answers who belongs nowhere; `limited`: what a member who is limited
    to the groups in which the things are; where that is not `expect`.
    """

    method: str
    path: str
    needs: str
    expect: int = 200
    where: Mapping[str, Made] = field(default_factory=dict)
    query: Made | None = None
    json: Made | None = None
    form: Made | None = None
    text: tuple[str, Made] | None = None
    foreign: Mapping[str, int] = field(default_factory=dict)
    stream: bool = False
    present: int | None = None
    removed: int | None = None
    limited: int | None = None

    @property
    def route(self) -> tuple[str, str]:
        return self.method, self.path

    @property
    def shown(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_safe(self) -> bool:
        return self.method == "GET"

    def call(self, things: Things) -> Call:
        """The request with `things`."""
        target = _PARAMETER.sub(lambda found: quote(self._part(found[1], things), ""), self.path)
        if self.query is not None:
            target += "?" + urlencode(self.query(things), doseq=True)
        return Call(self.method, target, *self._body(things))

    def named(self, things: Things) -> list[str]:
        """Which things the request names."""
        noting = Noting(things)
        self.call(noting)  # type: ignore[arg-type]  # it gives the same, and notes it
        return sorted(noting.named)

    def _part(self, parameter: str, things: Things) -> str:
        made = self.where.get(parameter)
        if made is not None:
            return str(made(things))
        return str(getattr(things, PATHS[parameter]))

    def _body(self, things: Things) -> tuple[bytes, str | None]:
        if self.json is not None:
            return json.dumps(self.json(things)).encode(), "application/json"
        if self.form is not None:
            return urlencode(self.form(things)).encode(), "application/x-www-form-urlencoded"
        if self.text is not None:
            kind, made = self.text
            return made(things).encode(), kind
        return b"", None


class Entries:
    """The entries of one app."""

    def __init__(self, app: str) -> None:
        self.app = app
        self._every: list[Entry] = []

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._every)

    def get(self, path: str, needs: str, **more: Any) -> None:
        self._every.append(Entry(method="GET", path=path, needs=needs, **more))

    def post(self, path: str, needs: str, **more: Any) -> None:
        self._every.append(Entry(method="POST", path=path, needs=needs, **more))

    def put(self, path: str, needs: str, **more: Any) -> None:
        self._every.append(Entry(method="PUT", path=path, needs=needs, **more))

    def patch(self, path: str, needs: str, **more: Any) -> None:
        self._every.append(Entry(method="PATCH", path=path, needs=needs, **more))

    def delete(self, path: str, needs: str, **more: Any) -> None:
        more.setdefault("expect", 204)
        self._every.append(Entry(method="DELETE", path=path, needs=needs, **more))
