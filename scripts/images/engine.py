"""The engine, asked through its own client."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# An image is one manifest: registries scan no index of an image and its attestations.
ENVIRONMENT = {"DOCKER_BUILDKIT": "1", "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
# What a build needs of the machine's environment to reach package indexes; in no layer.
PASSED_ON = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
# Of what a call that failed said last.
LINES = 40


class EngineError(Exception):
    """The engine refused, or none can be had; the text says what."""


def provide(*images: str) -> "Engine":
    """An engine that has `images`. Raises `EngineError`; what is wrong is on stderr by then."""
    done = subprocess.run(  # noqa: S603 - our own script
        [ROOT / "scripts" / "engine", *images], stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise EngineError("there is no engine that can build images")
    return Engine(done.stdout.strip())


class Engine:
    """Calls of `docker`, each raising `EngineError` with what it said."""

    def __init__(self, client: str) -> None:
        self.client = client

    def call(self, *arguments: str, stdin: str | None = None) -> str:
        done = subprocess.run(  # noqa: S603 - the client that scripts/engine found
            [self.client, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
            env=os.environ | ENVIRONMENT,
        )
        if done.returncode:
            said = done.stderr.strip().splitlines()[-LINES:]
            raise EngineError("\n".join(said) or f"docker {arguments[0]} failed")
        return done.stdout

    def build(self, tag: str, context: str, arguments: dict[str, str], *options: str) -> None:
        """Build `context` as `tag`, with the machine's network: it is the one that works."""
        passed = [f"--build-arg={name}" for name in PASSED_ON if name in os.environ]
        given = [f"--build-arg={name}={value}" for name, value in arguments.items()]
        self.call(
            "build", "--progress=plain", "--network=host", "-t", tag, *passed, *given, *options,
            context,
        )  # fmt: skip

    def inspect(self, what: str) -> dict[str, Any]:
        """An image or a container, as the engine describes it."""
        found: list[dict[str, Any]] = json.loads(self.call("inspect", what))
        return found[0]
