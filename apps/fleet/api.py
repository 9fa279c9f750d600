"""The HTTP API as the simulator and the replay use it."""

from collections.abc import AsyncIterator
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from apps.fleet.errors import ServiceUnreachable
from shared.errors import BadRequest, Conflict, DomainError, Forbidden, NotFound, Unauthenticated
from shared.telemetry.clean import clean

TIMEOUT_S = 60.0
PAGE = 1000
_KINDS: dict[int, type[DomainError]] = {
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
}


class Api:
    """`base_url` is where the API answers, e.g. http://api.fortress.localhost:8000.

    Names under .localhost are this machine, which resolvers do not always know: such a request
    goes to 127.0.0.1 with the name in the Host header. `transport` replaces the network.
    """

    def __init__(
        self, base_url: str, key: str, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.base_url = base_url.rstrip("/")
        parts = urlsplit(self.base_url)
        headers = {"Authorization": f"Bearer {key}"}
        address = self.base_url
        if transport is None and (parts.hostname or "").endswith(".localhost"):
            headers["Host"] = parts.netloc
            address = parts._replace(netloc=f"127.0.0.1:{parts.port or 80}").geturl()
        self._http = httpx.AsyncClient(
            base_url=address, headers=headers, timeout=TIMEOUT_S, transport=transport
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    async def get(self, path: str, **query: Any) -> Any:
        """The JSON at `path`. Raises a `DomainError` for every failure."""
        return await self._call("GET", path, params=query)

    async def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """What posting `body` to `path` answers. Raises a `DomainError` for every failure."""
        return await self._call("POST", path, json=body)

    async def items(self, path: str, **query: Any) -> AsyncIterator[dict[str, Any]]:
        """Every item of a list, page by page."""
        cursor: str | None = None
        while True:
            more = {"cursor": cursor} if cursor else {}
            page = await self.get(path, limit=PAGE, **query, **more)
            for item in page["items"]:
                yield item
            cursor = page["next"]
            if cursor is None:
                return

    async def _call(self, method: str, path: str, **more: Any) -> Any:
        try:
            answer = await self._http.request(method, path, **more)
        except httpx.HTTPError as error:
            raise ServiceUnreachable(
                f"{self.base_url} does not answer ({type(error).__name__}); is it running?"
            ) from None
        if answer.is_error:
            raise _KINDS.get(answer.status_code, BadRequest)(_detail(answer))
        return answer.json() if answer.content else None


def _detail(answer: httpx.Response) -> str:
    try:
        said = str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        said = answer.reason_phrase
    return f"the API answered {answer.status_code}: {clean(said)}"
