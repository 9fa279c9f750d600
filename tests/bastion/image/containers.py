"""Images built from a copy of infra/bastion, and containers that run them as infra does."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.images.engine import Engine, provide
from scripts.images.measure import RESTRAINED
from scripts.images.plan import BASE
from tests.support.bastion import CODE, Bastion, make_key
from tests.support.servers import wait_until

DATABASE = "database:2222"


class Images:
    """Builds and runs; everything that was made goes with `remove`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engine: Engine = provide(BASE)
        self.host_key = make_key(folder / "host")
        self.network = f"fortress-test-{os.getpid()}-bastion"
        self._tags: list[str] = []
        self._containers: list[str] = []
        self.engine.call("network", "create", self.network)

    def build(self, name: str, *keys: Path, options: tuple[str, ...] = ()) -> str:
        """The image with the public halves of `keys` listed; raises `EngineError`."""
        context = self.folder / name
        shutil.copytree(CODE, context, ignore=shutil.ignore_patterns("*.pub", "__pycache__"))
        for key in keys:
            shutil.copy(key.with_name(f"{key.name}.pub"), context / "keys")
        tag = f"fortress/bastion:test-{os.getpid()}-{name}"
        self._tags.append(tag)
        self.engine.build(
            tag, str(context), {"BASE_IMAGE": os.environ.get("BASE_IMAGE", BASE)}, *options
        )
        return tag

    def create(self, tag: str, *options: str, database: str = DATABASE) -> str:
        """A container that has not been started, with the secret that all have in common."""
        given = (*RESTRAINED, *self.settings(database), f"--network={self.network}", *options)
        made = self.engine.call("create", *given, tag).strip()
        self._containers.append(made)
        return made

    def settings(self, database: str = DATABASE) -> tuple[str, ...]:
        return (
            f"--env=FORTRESS_BASTION_DATABASE={database}",
            f"--env=FORTRESS_BASTION_HOST_KEY={self.host_key.read_text()}",
        )

    @contextmanager
    def running(self, tag: str) -> Iterator[Bastion]:
        """A bastion that listens on a port of this machine; its `folder` is for known hosts."""
        container = self.create(tag, "--publish=127.0.0.1::2222", "--health-interval=1s")
        self.engine.call("start", container)
        try:
            ports = self.engine.inspect(container)["NetworkSettings"]["Ports"]
            port = int(ports["2222/tcp"][0]["HostPort"])
            wait_until(lambda: self.health(container) == "healthy", "the bastion's health")
            yield Bastion(self.folder, self.host_key, port=port, user="tunnel")
        finally:
            self.engine.call("stop", container)

    @contextmanager
    def database(self, tag: str) -> Iterator[None]:
        """Something that answers at `DATABASE`: a second bastion, which greets whoever connects."""
        container = self.create(tag, "--network-alias=database")
        self.engine.call("start", container)
        try:
            yield
        finally:
            self.engine.call("stop", container)

    def health(self, container: str) -> str:
        said: str = self.engine.inspect(container)["State"]["Health"]["Status"]
        return said

    def remove(self) -> None:
        for container in self._containers:
            self.engine.call("rm", "--force", "--volumes", container)
        self.engine.call("network", "rm", self.network)
        for tag in self._tags:
            if self.engine.call("images", "--quiet", tag):
                self.engine.call("rmi", tag)
