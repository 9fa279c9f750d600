"""Devices that exist and whose tokens are known: created through the API where they are not."""

import asyncio
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from apps.fleet.api import Api
from apps.fleet.errors import DeviceRefused
from shared.errors import Conflict

AT_ONCE = 8


@dataclass(frozen=True)
class Known:
    """A device: its public id and its token."""

    id: str
    token: str


class Registry:
    """Tokens by the device's public id, in a file of `folder` that only its owner can read, or
    in memory.

    A device that exists but whose token is not known belongs to somebody: it is refused, unless
    `rotate` says that its token may be replaced.
    """

    def __init__(self, api: Api, folder: Path | None = None, *, rotate: bool = False) -> None:
        self._api = api
        self._rotate = rotate
        self._path = folder / f"{_name(api.base_url)}.json" if folder else None
        self._tokens = self._read()

    async def ensure(
        self, uids: Iterable[str], profiles: Mapping[str, str] | None = None
    ) -> dict[str, Known]:
        """Each uid's device, created when it is missing. `profiles`: uid → public id of one.

        Raises `DeviceRefused`, and a `DomainError` when the API does not answer.
        """
        gate = asyncio.Semaphore(AT_ONCE)
        found: dict[str, Known] = {}

        async def one(uid: str) -> None:
            async with gate:
                found[uid] = await self._find(uid, (profiles or {}).get(uid))

        unique = dict.fromkeys(uids)
        ends = await asyncio.gather(*map(one, unique), return_exceptions=True)
        self._tokens.update((known.id, known.token) for known in found.values())
        self._write()
        for end in ends:
            if isinstance(end, BaseException):
                raise end
        return found

    async def _find(self, uid: str, profile: str | None) -> Known:
        page = await self._api.get("/v1/devices", uid=uid)
        if not page["items"]:
            return await self._create(uid, profile)
        found = page["items"][0]["id"]
        if found in self._tokens:
            return Known(found, self._tokens[found])
        if not self._rotate:
            raise DeviceRefused(
                f"the device {uid} exists and its token is not known here; "
                "choose another uid, or say --rotate to replace its token"
            )
        return Known(found, (await self._api.post(f"/v1/devices/{found}/token"))["token"])

    async def _create(self, uid: str, profile: str | None) -> Known:
        body = {"uid": uid} if profile is None else {"uid": uid, "profile": profile}
        try:
            made = await self._api.post("/v1/devices", body)
        except Conflict as error:
            raise DeviceRefused(f"the device {uid} cannot be created: {error.detail}") from None
        return Known(made["id"], made["token"])

    def _read(self) -> dict[str, str]:
        if self._path is None or not self._path.exists():
            return {}
        found: dict[str, str] = json.loads(self._path.read_text())
        return found

    def _write(self) -> None:
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        with os.fdopen(os.open(fresh, flags, 0o600), "w") as file:
            json.dump(self._tokens, file, indent=1, sort_keys=True)
        fresh.replace(self._path)


def _name(base_url: str) -> str:
    return hashlib.sha256(base_url.encode()).hexdigest()[:16]
