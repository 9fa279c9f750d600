"""The routes that an app has, from its own table, and what each of them declares to need."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from tests.isolation.entry import PUBLIC, SIGNED_IN

Key = tuple[str, str]
# Methods that come by themselves with a GET.
_WITH_GET = {"HEAD"}


@dataclass(frozen=True)
class Declared:
    """What a route's dependencies say that it needs; nothing: they say nothing at all.

    `person`: it is for people only, a key that may do it is turned away. `html`: a page or a form
    of one, which keeps no answers by Idempotency-Key.
    """

    needs: frozenset[str]
    fresh: bool = False
    person: bool = False
    html: bool = False
    # Its query has a cursor, and says how many at once.
    pages: bool = False
    limits: bool = False


def routes(app: FastAPI) -> dict[Key, Declared]:
    """Method and path of every route → what it declares. A mounted app or a websocket has the
    method ANY: the walk does not look inside, so it fits no entry.
    """
    found: dict[Key, Declared] = {}
    for context in iter_route_contexts(app.routes):
        for method in (context.methods or {"ANY"}) - _WITH_GET:
            found[method, context.path or "?"] = _declared(context)
    return found


def _declared(context: Any) -> Declared:
    dependant: Dependant | None = getattr(context, "dependant", None)
    if dependant is None:  # the document of the API, which the framework adds
        return Declared(frozenset({PUBLIC}))
    marks = list(_marks(dependant))
    query = _query(dependant)
    needs = {mark["scope"] for mark in marks if "scope" in mark}
    if not needs:
        needs = {SIGNED_IN for mark in marks if "signed_in" in mark}
    if not needs:
        needs = {PUBLIC for mark in marks if "public" in mark}
    return Declared(
        frozenset(needs),
        fresh=any("fresh" in mark for mark in marks),
        person=any("signed_in" in mark for mark in marks),
        html=not getattr(context, "include_in_schema", True),
        pages="cursor" in query,
        limits="limit" in query,
    )


def _marks(dependant: Dependant) -> Iterator[dict[str, Any]]:
    for inner in dependant.dependencies:
        yield getattr(inner.call, "__dict__", {})
        yield from _marks(inner)


def _query(dependant: Dependant) -> set[str]:
    """Names in the query; a model that stands for the whole query counts by its fields."""
    names = set()
    for parameter in dependant.query_params:
        fields = getattr(parameter.field_info.annotation, "model_fields", None)
        names |= set(fields) if fields else {parameter.alias}
    return names
