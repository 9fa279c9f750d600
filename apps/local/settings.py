"""What `make run` takes from outside."""

import os
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator
from sqlalchemy.engine import URL

from shared.settings import load
from shared.web.settings import WebSettings

# What a person types before or after `make run`, without the prefix.
SHORT_NAMES = {
    "PORT": "port",
    "TCP_PORT": "tcp_port",
    "TELTONIKA_PORT": "teltonika_port",
    "VAR": "var",
    "FLEET": "fleet",
}
TELTONIKA_PORT = 9001


class LocalSettings(WebSettings):
    """Settings of the whole in one process. What is not set lies under `var`."""

    tcp_port: int = Field(9000, ge=0, le=65535, description="port for devices; 0: a free one")
    teltonika_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="port for Teltonika trackers; 0: they are not listened for; not set: 9001, or a"
        " free one where that is taken",
    )
    var: Path = Field(Path("var"), description="folder of the database, files, tokens and logs")
    fleet: int = Field(20, ge=0, le=1000, description="simulated devices; 0: none")

    @model_validator(mode="before")
    @classmethod
    def _under_var(cls, given: dict[str, Any]) -> dict[str, Any]:
        var = Path(given.get("var", "var"))
        database = URL.create("sqlite+aiosqlite", database=str(var / "fortress.db"))
        defaults = {
            "database_url": database.render_as_string(hide_password=False),
            "storage_url": f"file://{var / 'files'}",
            # One process at a time, so that it may have the same name at every start.
            "task": "local",
        }
        return defaults | given

    @property
    def near_host(self) -> str:
        """Where something on this machine connects to."""
        everywhere = ("0.0.0.0", "::", "")  # noqa: S104 - compared with, not listened on
        return "127.0.0.1" if self.host in everywhere else self.host


def load_local(**overrides: object) -> LocalSettings:
    """Settings from the environment; the names of `SHORT_NAMES` need no prefix.

    Raises `ConfigurationError` that names what is wrong.
    """
    short = {name: os.environ[key] for key, name in SHORT_NAMES.items() if os.environ.get(key)}
    return load(LocalSettings, **{**short, **overrides})
