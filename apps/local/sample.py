"""Something to see in billing and loyalty: a meter of energy, and a programme with members.

Made once, through the apps' own APIs, as anybody would make it. Each request has an
Idempotency-Key, so that a start that was cut short goes on where it stopped.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from apps.fleet.kinds import SESSION_EVENT
from apps.local import secrets
from shared.errors import DomainError
from shared.telemetry.clean import clean

# The simulated chargers name members TAG-0 to TAG-49.
MEMBERS = 50

log = logging.getLogger(__name__)


class _Refused(DomainError):
    """An app did not take what the sample is made of."""


async def make_once(apps: Mapping[str, FastAPI], domain: str, file: Path) -> None:
    """Make the sample unless `file` says that it was made. What is refused is logged only."""
    kept = secrets.read(file)
    if kept.sample:
        return
    try:
        await _make(_Caller(apps, domain, kept.key))
    except _Refused as error:
        log.warning("billing and loyalty begin without a sample: %s", error.detail)
        return
    kept.sample = True
    secrets.write(file, kept)


@dataclass(frozen=True)
class _Caller:
    """Calls the apps in this process."""

    apps: Mapping[str, FastAPI]
    domain: str
    key: str

    async def post(self, app: str, path: str, body: dict[str, Any]) -> Any:
        """What `app` answers. Raises `_Refused`."""
        import httpx  # noqa: PLC0415 - only the first start needs it

        headers = {"Authorization": f"Bearer {self.key}", "Idempotency-Key": f"sample {path}"}
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.apps[app]),
            base_url=f"http://{app}.{self.domain}",
            headers=headers,
        ) as http:
            answer = await http.post(path, json=body)
        if answer.is_error:
            raise _Refused(f"{app}{path} answered {answer.status_code}: {clean(answer.text)}")
        return answer.json()


async def _make(caller: _Caller) -> None:
    energy = {"code": "energy", "kind": "event_sum", "unit": "kWh"}
    await caller.post("billing", "/v1/meters", energy | {"event": SESSION_EVENT, "field": "kwh"})
    programme = await caller.post("loyalty", "/v1/programmes", {"name": "Kilowatt club"})
    inside = {"programme": programme["id"]}
    members = [{"name": f"Member {n}", "tags": [f"TAG-{n}"]} for n in range(MEMBERS)]
    await caller.post("loyalty", "/v1/members/batch", inside | {"members": members})
    rule = {"event": SESSION_EVENT, "field": "kwh", "points_per_unit": "10"}
    await caller.post("loyalty", "/v1/rules", inside | rule)
