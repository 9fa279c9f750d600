"""How commands that act as devices find the service."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from apps.fleet.api import Api
from apps.fleet.registry import Registry
from apps.local import secrets
from apps.local.settings import LocalSettings
from shared.errors import ConfigurationError

Key = Annotated[
    str,
    typer.Option(
        envvar="FORTRESS_API_KEY", help="API key. Default: that of `fortress up` on this machine."
    ),
]
ApiUrl = Annotated[
    str,
    typer.Option(envvar="FORTRESS_API_URL", help="Where the API answers. Default: this machine."),
]
Host = Annotated[str, typer.Option(help="Where devices connect to.")]
TcpPort = Annotated[
    int, typer.Option(show_default=False, help="The port that devices connect to. Default: 9000.")
]
Rotate = Annotated[
    bool, typer.Option("--rotate", help="Replace the tokens of devices that exist already.")
]


@dataclass(frozen=True)
class Target:
    """A service: its API with a key, and where devices connect to."""

    api_url: str
    key: str
    host: str
    port: int
    tokens: Path

    def api(self) -> Api:
        return Api(self.api_url, self.key)

    def registry(self, api: Api, *, rotate: bool) -> Registry:
        return Registry(api, self.tokens, rotate=rotate)


def target(settings: LocalSettings, *, api: str, key: str, host: str, tcp_port: int) -> Target:
    """The service that options and settings name. Raises `ConfigurationError` without a key."""
    key = key or secrets.read(settings.var / "demo.json").key
    if not key:
        raise ConfigurationError(
            "an API key is needed: say --key or FORTRESS_API_KEY; "
            "`fortress key create --org NAME` makes one"
        )
    return Target(
        api_url=api or f"http://api.{settings.domain}:{settings.port}",
        key=key,
        host=host,
        port=tcp_port or settings.tcp_port,
        tokens=settings.var / "fleet",
    )
