"""What a Dockerfile takes from its context, and which modules its images run (pure).

Only as much of the format as ours uses: COPY and bind mounts without `from` take from the context,
`FROM … AS` names stages, CMD and HEALTHCHECK in their JSON form start Python modules.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

CONTINUED = re.compile(r"\\\n")
MOUNT = re.compile(r"--mount=type=bind,(\S+)")
# A module that a JSON list runs: ["python", "-m", "apps.api.main"].
RUN = re.compile(r"\[.*\]")


@dataclass
class Stage:
    """One stage: what it stands on, what it takes from the context, what it starts."""

    name: str
    base: str
    sources: list[str] = field(default_factory=list)
    modules: dict[str, str | None] = field(default_factory=dict)


def stages(text: str) -> dict[str, Stage]:
    """The stages by name."""
    found: dict[str, Stage] = {}
    stage: Stage | None = None
    for word, rest in _instructions(text):
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            stage = found[name.strip()] = Stage(name.strip(), base.strip())
        elif stage is not None:
            stage.sources += _sources(word, rest)
            if word in {"CMD", "HEALTHCHECK"}:
                stage.modules[word] = _module(rest)
    return found


def sources(text: str, app: str) -> set[str]:
    """The paths of the context that the image of `app` is made from."""
    return {path.replace("${APP}", app) for one in stages(text).values() for path in one.sources}


def modules(text: str, app: str) -> set[str]:
    """The Python modules that a container of `app` runs: its command and its health check."""
    known = stages(text)
    started: dict[str, str | None] = {}
    name = app
    while name in known:
        started = known[name].modules | started
        name = known[name].base
    return {module for module in started.values() if module}


def _instructions(text: str) -> Iterator[tuple[str, str]]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in CONTINUED.sub(" ", "\n".join(lines)).splitlines():
        word, _, rest = line.strip().partition(" ")
        if word:
            yield word.upper(), rest.strip()


def _sources(word: str, rest: str) -> list[str]:
    if word == "COPY" and "--from=" not in rest:
        return [path.rstrip("/") for path in rest.split()[:-1] if not path.startswith("--")]
    mounts = (dict(_pairs(mount)) for mount in MOUNT.findall(rest) if word == "RUN")
    return [mount["source"] for mount in mounts if "from" not in mount]


def _pairs(mount: str) -> Iterator[tuple[str, str]]:
    for pair in mount.split(","):
        name, _, value = pair.partition("=")
        yield name, value


def _module(rest: str) -> str | None:
    listed = RUN.search(rest)
    words: list[str] = json.loads(listed[0]) if listed else []
    return words[words.index("-m") + 1] if "-m" in words else None
