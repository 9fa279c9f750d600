"""One compose project of the tests' own: its containers, its ports, its secrets."""

import json
import os
import re
import secrets
import signal
import subprocess
from pathlib import Path
from typing import Any

from tests.support.servers import ROOT, free_port
from tests.support.until import until

PREFIX = "fortress-test"
PROFILES = ("fleet", "tools", "dev")
SECRETS = ("SECRET", "MYSQL_PASSWORD", "MYSQL_ROOT_PASSWORD", "VALKEY_PASSWORD", "MQTT_PASSWORD")
IMAGES = (
    "api", "reporting", "administration", "billing", "loyalty", "dashboarding", "ingest",
    "migrations", "cli",
)  # fmt: skip
# Containers of one step, which end.
ONCE = {"ports-held", "ports-free", "migrations"}
PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
START_S = 240
# How long a container may take until its health check is content again.
BACK_S = 90


def docker(*arguments: str, check: bool = True) -> str:
    """What `docker` says; with `check` it has to succeed."""
    client = os.environ.get("DOCKER", "docker")
    done = subprocess.run([client, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0 or not check, f"docker {' '.join(arguments)}: {done.stderr}"
    return done.stdout.strip()


class Stack:
    """A project named after this process. Nothing runs before `start`.

    `secret_names`: what stands in its file of secrets. Ports are free ones unless they are given.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        *,
        http_port: int | None = None,
        tcp_port: int | None = None,
        secret_names: tuple[str, ...] = SECRETS,
        tag: str = "dev",
    ) -> None:
        self.project = f"{PREFIX}-{os.getpid()}-{name}"
        self.http_port = http_port or free_port()
        self.tcp_port = tcp_port or free_port()
        self.teltonika_port = free_port()
        self._environment = folder / f"{name}.env"
        lines = [f"FORTRESS_{one}={secrets.token_hex(24)}" for one in secret_names]
        lines += [
            f"FORTRESS_COMPOSE_HTTP_PORT={self.http_port}",
            f"FORTRESS_COMPOSE_TCP_PORT={self.tcp_port}",
            f"FORTRESS_COMPOSE_TELTONIKA_PORT={self.teltonika_port}",
            "FORTRESS_FLEET=6",
            f"FORTRESS_TAG={tag}",
        ]
        self._environment.write_text("\n".join(lines) + "\n")

    # -- commands

    def start(self, *options: str) -> subprocess.CompletedProcess[str]:
        """`scripts/compose start`, which `make up` calls."""
        return self._run("start", *self._named, *options, seconds=START_S)

    def compose(self, *arguments: str, seconds: float = 120) -> str:
        """What compose says on stdout; it has to succeed."""
        done = self._run(*self._named, *arguments, seconds=seconds)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def fortress(self, *arguments: str) -> Any:
        """The document that a fortress command prints, run in a container of its own."""
        said = self.compose("run", "--rm", "--no-deps", "fortress", *arguments, "--json")
        return json.loads(said.strip().splitlines()[-1])

    def sql(self, statement: str) -> str:
        """What the database answers root."""
        client = 'exec mysql -uroot -p"$MYSQL_ROOT_PASSWORD" -N -B fortress -e "$0"'
        return docker("exec", self.container("mysql"), "sh", "-c", client, statement)

    def remove(self) -> None:
        """Everything of this project: containers, networks, volumes."""
        profiles = [word for name in PROFILES for word in ("--profile", name)]
        self._run(*self._named, *profiles, "down", "-v", "--remove-orphans", "-t", "3", seconds=120)
        remove_project(self.project)

    @property
    def _named(self) -> tuple[str, ...]:
        return ("-p", self.project, "--env-file", str(self._environment))

    def _run(self, *arguments: str, seconds: float) -> subprocess.CompletedProcess[str]:
        # What is set for us must not stand before the file.
        clean = {k: v for k, v in os.environ.items() if not k.startswith("FORTRESS_")}
        return subprocess.run(
            [ROOT / "scripts" / "compose", *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
            env=clean,
            stdin=subprocess.DEVNULL,
        )

    # -- containers

    def services(self, *, running: bool = False) -> set[str]:
        """Names of the services that have a container."""
        all_too = () if running else ("-a",)
        said = docker(
            "ps", *all_too, "--filter", f"label={PROJECT}={self.project}",
            "--format", f'{{{{.Label "{SERVICE}"}}}}',
        )  # fmt: skip
        return set(said.split())

    def container(self, service: str) -> str:
        """The id of the service's container."""
        return docker(
            "ps", "-aq", "--filter", f"label={PROJECT}={self.project}",
            "--filter", f"label={SERVICE}={service}",
        ).split()[0]  # fmt: skip

    def inspect(self, service: str) -> dict[str, Any]:
        found: list[dict[str, Any]] = json.loads(docker("inspect", self.container(service)))
        return found[0]

    def is_well(self, service: str) -> bool:
        """Whether it runs, and its health check, if it has one, is content."""
        state = self.inspect(service)["State"]
        return bool(state["Running"]) and state.get("Health", {}).get("Status", "healthy") == (
            "healthy"
        )

    def logs(self, service: str) -> str:
        done = subprocess.run(
            [os.environ.get("DOCKER", "docker"), "logs", self.container(service)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.stdout

    def process(self, service: str) -> int:
        """The number of the container's main process on this machine. It has to run."""
        found: int = self.inspect(service)["State"]["Pid"]
        # A signal to process 0 would be one to ourselves.
        assert found > 1, f"{service} does not run"
        return found

    def send(self, service: str, process: int, sign: signal.Signals) -> None:
        """Signal the service's main process as an outsider, so that its end is no one's wish.

        Without the rights to do that, the engine is asked; what it killed it does not start again.
        """
        try:
            os.kill(process, sign)
        except ProcessLookupError:
            return  # it has drained already
        except PermissionError:
            name = sign.name.removeprefix("SIG")
            docker("kill", "-s", name, self.container(service), check=False)

    async def comes_back(self, service: str, since: str) -> None:
        """Wait until the service has been started after `since` (its `started`), and is well."""
        engine_starts = os.geteuid() == 0

        def started() -> bool:
            if not engine_starts and not self.inspect(service)["State"]["Running"]:
                docker("start", self.container(service))
            return self.started(service) != since

        await until(started, f"a new start of {service}", BACK_S)
        await until(lambda: self.is_well(service), f"{service} well again", BACK_S)

    def started(self, service: str) -> str:
        """When its process began, in Docker's words."""
        return str(self.inspect(service)["State"]["StartedAt"])


def tag_images(tag: str) -> None:
    """Give the images that are built now a name of our own: others may build meanwhile."""
    for name in IMAGES:
        docker("tag", f"fortress/{name}:dev", f"fortress/{name}:{tag}")


def untag_images(tag: str) -> None:
    for name in IMAGES:
        docker("rmi", f"fortress/{name}:{tag}", check=False)


def remove_project(project: str) -> None:
    """Containers, networks and volumes that carry the project's label, whatever compose says."""
    label = f"label={PROJECT}={project}"
    for kind, command in (
        (("ps", "-aq"), ("rm", "-fv")),
        (("network", "ls", "-q"), ("network", "rm")),
        (("volume", "ls", "-q"), ("volume", "rm", "-f")),
    ):
        found = docker(*kind, "--filter", label).split()
        if found:
            docker(*command, *found, check=False)


def remove_leftovers() -> None:
    """Projects of runs that were killed. Their names carry the process that made them."""
    said = docker(
        "ps", "-a", "--filter", f"label={PROJECT}", "--format", f'{{{{.Label "{PROJECT}"}}}}'
    )
    said += "\n" + docker("volume", "ls", "--format", "{{.Name}}")
    for project in set(re.findall(rf"^{PREFIX}-\d+-[a-z]+", said, re.MULTILINE)):
        if _is_dead(project.split("-")[2]):
            remove_project(project)
    tags = docker("images", "--filter", "reference=fortress/api", "--format", "{{.Tag}}")
    for maker in re.findall(r"^test-(\d+)$", tags, re.MULTILINE):
        if _is_dead(maker):
            untag_images(f"test-{maker}")


def _is_dead(maker: str) -> bool:
    try:
        os.kill(int(maker), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
