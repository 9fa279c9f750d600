"""What the Dockerfiles, compose and nginx say of each app: facts that templates must agree with."""

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from tests.support.servers import ROOT

BASTION = ROOT / "infra" / "bastion" / "Dockerfile"


@dataclass(frozen=True)
class Image:
    """What an image is made to be."""

    command: tuple[str, ...]
    user: str
    ports: frozenset[int]
    volumes: frozenset[str]
    health: tuple[str, ...] | None
    # Seconds, and the number of retries.
    times: dict[str, int]


def image(app: str) -> Image:
    """The image of an app, or of the bastion."""
    if app == "bastion":
        return _facts(_stages(BASTION.read_text())[-1:])
    stages = _stages((ROOT / "Dockerfile").read_text())
    named = {stage[0].split(" AS ")[-1].strip(): stage for stage in stages if " AS " in stage[0]}
    chain, at = [named["image"]], app
    while at in named:
        chain.insert(0, named[at])
        at = named[at][0].split()[0]
    return _facts(chain)


@cache
def compose() -> dict[str, Any]:
    """The services of docker-compose.yml."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return found


@cache
def nginx() -> dict[str, tuple[str, int]]:
    """Host name → service and port that nginx passes it to."""
    text = (ROOT / "infra" / "compose" / "nginx.conf").read_text()
    blocks = re.findall(
        r"server_name (\S+);\s+set \$upstream (\S+);\s+location / \{\s+proxy_pass http://\$upstream:(\d+);",
        text,
    )
    return {host: (upstream, int(port)) for host, upstream, port in blocks}


def _stages(text: str) -> list[list[str]]:
    """Instructions of each stage, the first being what stands behind FROM."""
    lines = re.sub(r"(?m)^\s*#.*\n", "", text).replace("\\\n", " ")
    stages: list[list[str]] = []
    for line in lines.splitlines():
        if line.startswith("FROM "):
            stages.append([line.removeprefix("FROM ")])
        elif line.strip() and stages:
            stages[-1].append(line)
    return stages


def _facts(stages: list[list[str]]) -> Image:
    given: dict[str, str] = {}
    for line in (line for stage in stages for line in stage[1:]):
        name, _, rest = line.partition(" ")
        given[name] = rest.strip()
    health, times = _health(given.get("HEALTHCHECK", "NONE"))
    return Image(
        command=tuple(json.loads(given.get("CMD") or given["ENTRYPOINT"])),
        user=given["USER"],
        ports=frozenset(int(port) for port in given.get("EXPOSE", "").split()),
        volumes=frozenset(given.get("VOLUME", "").split()),
        health=health,
        times=times,
    )


def _health(text: str) -> tuple[tuple[str, ...] | None, dict[str, int]]:
    if text == "NONE":
        return None, {}
    options, _, command = text.partition("CMD")
    times = {name: int(value) for name, value in re.findall(r"--([a-z-]+)=(\d+)", options)}
    return tuple(json.loads(command)), times
