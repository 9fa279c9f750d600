"""The one screen that a newcomer sees. Commands stand at the margin, ready to be copied."""

import json
import shlex
import shutil
import sys
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape

from apps.local import logs
from apps.local.demo import FIRST_STEPS
from apps.local.settings import SHORT_NAMES, LocalSettings

APPS = ("api", "reporting", "administration", "billing", "loyalty", "dashboarding")
EXAMPLE = "docs/examples/room.csv"


@dataclass(frozen=True)
class Facts:
    """What the screen says. `token` is that of the device first-steps; `password` is none where
    the person has set another one.
    """

    settings: LocalSettings
    port: int
    tcp_port: int
    key: str
    token: str
    email: str
    password: str | None
    teltonika_port: int = 0  # none

    def url(self, app: str) -> str:
        return f"http://{app}.{self.settings.domain}:{self.port}"


def show(console: Console, facts: Facts) -> None:
    """Print the screen. Lines are never wrapped, so that what is copied from them is whole."""
    for line in (*_addresses(facts), "", *_commands(facts), *_closing(facts)):
        console.print(line, soft_wrap=True, highlight=False)


def write(facts: Facts) -> None:
    """Write the addresses, the sign-in and the key as one JSON document to stdout."""
    document = {
        "apps": {app: facts.url(app) for app in APPS},
        "devices": {"host": facts.settings.near_host, "port": facts.tcp_port},
        "trackers": {"host": facts.settings.near_host, "port": facts.teltonika_port or None},
        "sign_in": {"email": facts.email, "password": facts.password},
        "key": facts.key,
        "first_steps": {"device": FIRST_STEPS, "token": facts.token},
        "log": str(logs.file(facts.settings)),
    }
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


def _addresses(facts: Facts) -> list[str]:
    count = facts.settings.fleet
    fleet = f"{count} simulated devices are sending" if count else "no simulated devices"
    rows = [(app, facts.url(app)) for app in APPS]
    rows += [("devices", f"{facts.settings.near_host} port {facts.tcp_port} (TCP; {fleet})")]
    if facts.teltonika_port:
        rows += [
            ("trackers", f"{facts.settings.near_host} port {facts.teltonika_port} (Teltonika)")
        ]
    rows += [("sign in as", facts.email)]
    rows += [("password", facts.password or "the one that you have set")]
    rows += [("API key", facts.key)]
    title = "[bold]Fortress is running[/bold]"
    return [title, *(f"  [dim]{name:<15}[/dim]{escape(value)}" for name, value in rows)]


def _commands(facts: Facts) -> list[str]:
    said = [
        ("Ask for three devices:", curl(facts)),
        ("Be a device and store a reading; the answer comes once it is committed:", nc(facts)),
        ("Play a file as a device:", replay(facts)),
    ]
    lines: list[str] = []
    for what, command in said:
        hint = _without_nc() if command.startswith("nc ") else []
        lines += [f"[bold]{what}[/bold]", f"[cyan]{escape(command)}[/cyan]", *hint, ""]
    return lines


def curl(facts: Facts) -> str:
    return f"curl -H 'Authorization: Bearer {facts.key}' '{facts.url('api')}/v1/devices?limit=3'"


def nc(facts: Facts) -> str:
    """A hello and a reading, for Debian's nc and macOS's alike.

    -w 2 ends it when nothing has come for 2 s; the option that ends it with its input has
    another name in each. The boot is the time, so that each run stores a reading of its own.
    """
    hello = f'{{"hello":1,"device":"{FIRST_STEPS}","token":"{facts.token}","boot":$(date +%s)}}'
    reading = '{"s":1,"v":{"temp":21.5,"occupied":true}}'
    return f"nc -w 2 {facts.settings.near_host} {facts.tcp_port} <<END\n{hello}\n{reading}\nEND"


def _without_nc() -> list[str]:
    """A fresh Debian or Ubuntu has no nc."""
    if shutil.which("nc") is not None:
        return []
    return ["[dim](nc is not installed here: sudo apt install netcat-openbsd)[/dim]"]


def replay(facts: Facts) -> str:
    """The command, with whatever is not as it is by default, so that it finds this process."""
    here = {
        "PORT": str(facts.port),
        "TCP_PORT": str(facts.tcp_port),
        "VAR": str(facts.settings.var),
    }
    usual = {
        name: str(LocalSettings.model_fields[key].default) for name, key in SHORT_NAMES.items()
    }
    moved = [f"{name}={shlex.quote(at)} " for name, at in here.items() if at != usual[name]]
    return f"{''.join(moved)}.venv/bin/fortress replay {EXAMPLE}"


def _closing(facts: Facts) -> list[str]:
    log = escape(str(logs.file(facts.settings)))
    return [f"[dim]Ctrl-C stops it; what was acknowledged is stored. Log: {log}[/dim]"]
