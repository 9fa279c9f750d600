"""A small service that keeps the protocol's promises in memory, or breaks one on purpose."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from apps.fleet.api import Api
from apps.fleet.client import system_ms

Row = dict[str, Any]


@dataclass
class ToyService:
    """Devices by token and their rows. `loses`, `doubles`, `alters`: each such row, by number."""

    port: int = 0
    window: int = 64
    tokens: dict[str, str] = field(default_factory=dict)  # uid → token
    stored: dict[str, dict[tuple[int, int], Row]] = field(default_factory=lambda: defaultdict(dict))
    last: dict[tuple[str, int], int] = field(default_factory=lambda: defaultdict(int))
    received: int = 0
    rejects: int = 0
    loses: int = 0
    doubles: int = 0
    alters: int = 0

    def api(self) -> Api:
        """A client of its HTTP side."""
        return Api("http://api.test", "fk_key", transport=httpx.MockTransport(self._http))

    def _http(self, request: httpx.Request) -> httpx.Response:
        match request.method, request.url.path.strip("/").split("/"):
            case "GET", ["v1", "devices"]:
                uid = request.url.params["uid"]
                items = [{"id": f"dev_{uid}"}] if uid in self.tokens else []
                return httpx.Response(200, json={"items": items, "next": None})
            case "POST", ["v1", "devices"]:
                uid = json.loads(request.content)["uid"]
                self.tokens[uid] = f"dt_{uid}"
                return httpx.Response(201, json={"id": f"dev_{uid}", "token": f"dt_{uid}"})
            case "POST", ["v1", "devices", device, "token"]:
                uid = device.removeprefix("dev_")
                self.tokens[uid] = f"dt_new_{uid}"
                return httpx.Response(200, json={"token": self.tokens[uid]})
            case "GET", ["v1", "devices", device, kind]:
                return self._page(device.removeprefix("dev_"), kind, request.url.params)
        return httpx.Response(404, json={"detail": "there is no such thing"})

    def _page(self, uid: str, kind: str, query: httpx.QueryParams) -> httpx.Response:
        key = "v" if kind == "readings" else "e"
        rows = sorted(
            (row for row in self.stored[uid].values() if key in row), key=lambda row: row["t"]
        )
        rows = [row for row in rows if int(query["start"]) <= row["t"] < int(query["end"])]
        rows = [shown for row in rows for shown in self._shown(row)]
        at = int(query.get("cursor", 0))
        page = rows[at : at + int(query["limit"])]
        following = at + len(page)
        more = str(following) if following < len(rows) else None
        return httpx.Response(200, json={"items": page, "next": more})

    def _shown(self, row: Row) -> list[Row]:
        if row["s"] == self.loses:
            return []
        if row["s"] == self.alters:
            row = {**row, "v": {**row.get("v", {}), "temp": 99}}
        return [row, row] if row["s"] == self.doubles else [row]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            hello = json.loads(await reader.readline())
            uid, boot = hello["device"], hello["boot"]
            if self.tokens.get(uid) != hello["token"]:
                writer.write(b'{"error":"unauthorized"}\n')
                return
            _say(writer, {"ok": 1, "boot": boot, "last": self.last[uid, boot]}, self.window)
            while data := await reader.readline():
                self._line(writer, uid, boot, data)
        except (ConnectionError, ValueError, KeyError):
            pass
        finally:
            writer.close()

    def _line(self, writer: asyncio.StreamWriter, uid: str, boot: int, data: bytes) -> None:
        self.received += 1
        try:
            row = json.loads(data)
        except ValueError:
            self.rejects += 1
            _say(writer, {"n": 0, "code": "not_json", "detail": ""})
            return
        if "p" in row:
            _say(writer, {"p": row["p"]})
            return
        seq = row["s"]
        if row["t"] > system_ms() + 600_000:
            self.rejects += 1
            _say(writer, {"n": seq, "code": "future", "detail": "ahead"})
        elif seq > self.last[uid, boot]:
            self.stored[uid][boot, seq] = {**row, "boot": boot}
        self.last[uid, boot] = max(self.last[uid, boot], seq)
        _say(writer, {"a": seq})


def _say(writer: asyncio.StreamWriter, message: dict[str, Any], window: int = 0) -> None:
    more = {"window": window, "idle": 60, "time": 0} if window else {}
    writer.write(json.dumps({**message, **more}, separators=(",", ":")).encode() + b"\n")


@asynccontextmanager
async def toy_service(**broken: Any) -> AsyncIterator[ToyService]:
    toy = ToyService(**broken)
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await toy.serve(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    toy.port = server.sockets[0].getsockname()[1]
    try:
        yield toy
    finally:
        for writer in writers:
            writer.transport.abort()
        server.close()
        await server.wait_closed()
