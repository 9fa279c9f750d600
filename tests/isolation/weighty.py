"""Which routes ask a person for a factor shown lately: all that delete, all that change something
below the paths named here, and those named here."""

from collections.abc import Iterable, Mapping

from fastapi import FastAPI

from tests.isolation.routes import Declared, Key

# Money, credentials, and how long data is kept.
ALSO: Mapping[str, set[Key]] = {
    "api": {("POST", "/v1/devices/{device_id}/token")},
    "billing": {("POST", "/v1/meters")},
    "loyalty": {
        ("POST", "/v1/programmes"),
        ("POST", "/v1/rules"),
        ("POST", "/v1/members/{member_id}/adjustments"),
    },
    "administration": {("PATCH", "/v1/organisations/{organisation_id}"), ("POST", "/v1/keys")},
}
# Who else sees the organisation, and how its people come in: whatever changes it.
BELOW: Mapping[str, tuple[str, ...]] = {"administration": ("/support", "/sign-on")}
SAFE = {"GET", "HEAD", "OPTIONS"}
# What should ask by these rules and does not, and why.
EXCEPT: Mapping[str, Mapping[Key, str]] = {
    "api": {
        ("DELETE", "/v1/device-groups/{group_id}/devices/{device_id}"): "nothing is lost: the"
        " device and the group stay, and one request puts it back"
    },
    "administration": {
        ("POST", "/support/{grant_id}/end"): "it takes access away, which nothing should hold up"
    },
}


def without_fresh(app: str, there: Mapping[Key, Declared]) -> list[str]:
    """A sentence for each route that should ask and does not, and for each exception of none."""
    spared = EXCEPT.get(app, {})
    asking = {one for one in there if one[0] == "DELETE" or _below(app, one)} | ALSO.get(app, set())
    found = [
        f"{method} {path} asks no person for a fresh factor: let it depend on fresh(), or say in"
        " tests/isolation/weighty.py why it does not"
        for method, path in sorted(asking - spared.keys())
        if not there.get((method, path), Declared(frozenset())).fresh
    ]
    return found + [
        f"{method} {path} is no exception: it asks, or is no route"
        for method, path in spared
        if there.get((method, path), Declared(frozenset(), fresh=True)).fresh
    ]


def _below(app: str, route: Key) -> bool:
    method, path = route
    return method not in SAFE and any(
        path == one or path.startswith(f"{one}/") for one in BELOW.get(app, ())
    )


def undocumented(app: FastAPI, there: Mapping[Key, Declared]) -> Iterable[str]:
    """A sentence for each route that asks and does not say so in the app's OpenAPI document."""
    document = app.openapi()["paths"]
    for (method, path), declared in there.items():
        said = document.get(path, {}).get(method.lower())
        if not declared.fresh or said is None:  # pages are not in it
            continue
        refusal = said["responses"].get("403", {})
        if "fresh_sign_in_needed" not in refusal.get("description", ""):
            yield f"{method} {path} does not document its 403"
