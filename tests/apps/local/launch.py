"""Starting `fortress up` as a person does, and reading its screen."""

import os
import re
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.support.servers import ROOT, wait_until

FORTRESS = Path(sys.executable).with_name("fortress")
LAST_LINE = "Ctrl-C stops it"
APPS = ("api", "reporting", "administration", "billing", "loyalty", "dashboarding")
# What is enough of nc where none is installed: `nc -w SECONDS HOST PORT`.
NC = """#!{python}
import socket, sys
_, option, seconds, host, port = sys.argv
assert option == "-w"
with socket.create_connection((host, int(port))) as peer:
    peer.settimeout(float(seconds))
    peer.sendall(sys.stdin.buffer.read())
    try:
        while data := peer.recv(65536):
            sys.stdout.buffer.write(data)
    except TimeoutError:
        pass
"""


@dataclass
class Up:
    """A running `fortress up`: its process and what its screen says."""

    process: subprocess.Popen[bytes]
    out: Path
    var: Path
    bin: Path

    @property
    def screen(self) -> str:
        return self.out.read_text("utf-8")

    def said(self, pattern: str) -> str:
        match = re.search(pattern, self.screen, re.MULTILINE | re.DOTALL)
        assert match is not None, f"{pattern} is not on the screen:\n{self.screen}"
        return match[1]

    @property
    def port(self) -> int:
        return int(self.said(r"http://api\.fortress\.localhost:(\d+)"))

    @property
    def tcp_port(self) -> int:
        return int(self.said(r"127\.0\.0\.1 port (\d+)"))

    @property
    def key(self) -> str:
        return self.said(r"API key +(fk_\S+)$")

    def get(self, path: str, app: str = "api", **query: Any) -> httpx.Response:
        """Ask an app as curl would: at this machine's address, by the app's name."""
        headers = {"Host": f"{app}.fortress.localhost", "Authorization": f"Bearer {self.key}"}
        url = f"http://127.0.0.1:{self.port}{path}"
        return httpx.get(url, params=query, headers=headers, timeout=30)

    def items(self, path: str, **query: Any) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.get(path, **query).json()["items"]
        return items

    def device(self, uid: str) -> dict[str, Any]:
        [device] = self.items("/v1/devices", uid=uid)
        return device

    def readings(self, uid: str) -> list[dict[str, Any]]:
        return self.items(f"/v1/devices/{self.device(uid)['id']}/readings", limit=1000)

    def type(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command as it stands on the screen, in the project's folder."""
        path = f"{self.bin}:{os.environ['PATH']}"
        return subprocess.run(
            ["sh", "-c", command],
            cwd=ROOT,
            env=environment(self.var, PATH=path),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def stop(self, sign: int = signal.SIGTERM) -> int:
        """Ask it to end; its exit code."""
        self.process.send_signal(sign)
        return self.process.wait(30)

    def ended(self, sign: int) -> bool:
        """Ask again; whether it has ended."""
        self.process.send_signal(sign)
        return self.process.poll() is not None


def environment(var: Path, **more: str) -> dict[str, str]:
    """Ports that are free, a folder of its own, three simulated devices; no other settings."""
    ours = ("FORTRESS_", "MAKE", "PYTHONDONTWRITEBYTECODE")  # as a person's shell has them: not
    kept = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    return {**kept, "PORT": "0", "TCP_PORT": "0", "VAR": str(var), "FLEET": "3", **more}


@contextmanager
def up(folder: Path, **more: str) -> Iterator[Up]:
    """`fortress up` with its data in `folder`/var, ready; killed if it still runs at the end."""
    out = folder / "screen"
    with out.open("wb") as screen:
        process = subprocess.Popen(
            [FORTRESS, "up"],
            stdout=screen,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=environment(folder / "var", **more),
            cwd=ROOT,
        )
    running = Up(process, out, folder / "var", _tools(folder))
    try:
        wait_until(lambda: LAST_LINE in running.screen or process.poll() is not None, "fortress up")
        assert process.poll() is None, running.screen
        yield running
    finally:
        process.kill()
        process.wait()


def refused(folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """`fortress up` where it should not start."""
    return subprocess.run(
        [FORTRESS, "up"],
        env=environment(folder / "var", **more),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _tools(folder: Path) -> Path:
    """A folder for PATH, with an nc in it where this machine has none."""
    tools = folder / "bin"
    tools.mkdir(exist_ok=True)
    if shutil.which("nc") is None:
        stand_in = tools / "nc"
        stand_in.write_text(NC.format(python=sys.executable))
        stand_in.chmod(stand_in.stat().st_mode | stat.S_IXUSR)
    return tools
