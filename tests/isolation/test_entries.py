"""Every route has an entry that says what it needs, and it needs just that."""

from collections.abc import Callable

import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.staticfiles import StaticFiles

from shared.web.access import public
from shared.web.dependencies import allow
from tests.isolation.callers import APPS
from tests.isolation.conftest import Walks
from tests.isolation.entry import Entry
from tests.isolation.routes import Declared, routes
from tests.isolation.walk import misdeclared, without_entry
from tests.isolation.weighty import undocumented, without_fresh
from tests.support.walked_routes import PROPERTY

each_app = pytest.mark.parametrize("app", APPS)
mariadb = pytest.mark.parametrize("database_url", ["mariadb"], indirect=True, scope="session")
FRESH = Declared(frozenset(), fresh=True)
THERE = Entry(method="GET", path="/v1/there", needs="devices:read")


def app_with_one_route_more() -> FastAPI:
    """`/v1/there`, which has an entry, and one that was added without."""
    router = APIRouter(prefix="/v1")

    @router.get("/there", dependencies=[Depends(allow("devices:read"))])
    async def there() -> None: ...

    @router.post("/more", dependencies=[Depends(allow("devices:write"))])
    async def more() -> None: ...

    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(router)
    return app


@mariadb
@each_app
async def test_every_route_has_an_entry_and_every_entry_a_route(
    walks: Walks, app: str, record_property: Callable[[str, object], None]
) -> None:
    walk = walks[app]
    missing = without_entry(app, walk.routes, walk.entries)
    record_property(PROPERTY, [app, len(walk.entered()), len(walk.routes)])
    assert not missing, "\n".join(missing)


@mariadb
@each_app
async def test_every_route_needs_what_its_entry_says(walks: Walks, app: str) -> None:
    walk = walks[app]
    wrong = misdeclared(walk.routes, walk.entries)
    assert not wrong, "\n".join(wrong)


@mariadb
@each_app
async def test_what_weighs_much_asks_a_person_for_a_fresh_factor(walks: Walks, app: str) -> None:
    wrong = without_fresh(app, walks[app].routes)
    assert not wrong, "\n".join(wrong)


@mariadb
@each_app
async def test_what_asks_for_a_fresh_factor_documents_it(walks: Walks, app: str) -> None:
    walk = walks[app]
    wrong = list(undocumented(walk.app, walk.routes))
    assert not wrong, "\n".join(wrong)


def test_a_deletion_that_asks_nobody_for_a_fresh_factor_fails() -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.add_api_route("/v1/there", lambda: None, methods=["DELETE"])
    (wrong,) = without_fresh("reporting", routes(app))
    assert wrong == (
        "DELETE /v1/there asks no person for a fresh factor: let it depend on fresh(), or say in"
        " tests/isolation/weighty.py why it does not"
    )


@pytest.mark.parametrize("path", ["/support", "/support/x", "/sign-on/connection", "/sign-on/x/y"])
def test_a_change_of_who_comes_in_that_asks_nobody_for_a_fresh_factor_fails(path: str) -> None:
    silent = Declared(frozenset())
    there = {("GET", path): silent, ("POST", path): silent, ("POST", "/supported"): silent}
    wrong = without_fresh("administration", there)
    of_these = [one.split(" asks ")[0] for one in wrong if one.split()[1] in {path, "/supported"}]
    assert of_these == [f"POST {path}"]


def test_an_exception_that_is_no_route_fails() -> None:
    (wrong,) = without_fresh("api", {("POST", "/v1/devices/{device_id}/token"): FRESH})
    assert wrong == (
        "DELETE /v1/device-groups/{group_id}/devices/{device_id} is no exception: it asks, or is"
        " no route"
    )


def test_a_route_without_an_entry_fails_with_what_to_add() -> None:
    (wrong,) = without_entry("api", routes(app_with_one_route_more()), [THERE])
    assert wrong == (
        "POST /v1/more has no entry: say in tests/isolation/entries/api.py what it needs and what"
        " a request of it looks like; CONTRIBUTING.md says how"
    )


def test_a_mounted_app_which_cannot_be_looked_into_fails_too(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    app = app_with_one_route_more()
    app.mount("/files", StaticFiles(directory=tmp_path_factory.mktemp("files")))
    wrong = without_entry("api", routes(app), [THERE])
    assert any(sentence.startswith("ANY /files has no entry") for sentence in wrong)


def test_an_entry_without_a_route_fails() -> None:
    gone = Entry(method="GET", path="/v1/gone", needs="devices:read")
    assert without_entry("api", [THERE.route], [THERE, gone]) == [
        "tests/isolation/entries/api.py has an entry for GET /v1/gone, which is no route"
    ]


def test_a_route_that_needs_something_else_than_its_entry_says_fails() -> None:
    loose = Entry(method="POST", path="/v1/more", needs="devices:read")
    assert misdeclared(routes(app_with_one_route_more()), [loose]) == [
        "POST /v1/more needs devices:write, where its entry in tests/isolation says devices:read"
    ]


def test_a_route_that_does_not_say_who_may_call_it_fails() -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.add_api_route("/v1/there", lambda: None)
    (wrong,) = misdeclared(routes(app), [THERE])
    assert wrong == (
        "GET /v1/there does not say who may call it: let it depend on allow(…), signed_in or"
        " public(why)"
    )


def test_a_public_route_says_why() -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.add_api_route("/", lambda: None, dependencies=[Depends(public("everybody reads it"))])
    entry = Entry(method="GET", path="/", needs="public")
    assert misdeclared(routes(app), [entry]) == []
