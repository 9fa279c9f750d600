"""Every route of an app against callers who may not use it."""

import re

import httpx
from fastapi import FastAPI

from tests.support.builders import Tenant


def operations(app: FastAPI, ids: dict[str, str]) -> list[tuple[str, str]]:
    """Method and path of every documented operation, with `ids` for its path parameters."""
    found = []
    for path, methods in app.openapi()["paths"].items():
        filled = re.sub(r"\{(\w+)\}", lambda match: ids[match[1]], path)
        found += [(method.upper(), filled) for method in methods]
    return found


async def statuses(
    http: httpx.AsyncClient, calls: list[tuple[str, str]], tenant: Tenant | None
) -> dict[tuple[str, str], int]:
    """What each call answers to a key of `tenant`, or to no key."""
    headers = tenant.headers if tenant else {}
    found = {}
    for method, path in calls:
        body: dict[str, str] | None = None if method in {"GET", "DELETE"} else {}
        answer = await http.request(method, path, headers=headers, json=body)
        found[method, path] = answer.status_code
    return found
