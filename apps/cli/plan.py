"""`fortress plan`: the bill, the kind of compute and the scaling, known before anything runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from shared.errors import ConfigurationError, Invalid

app = typer.Typer(
    help="What it costs and how it scales on AWS, reckoned from infra/.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)


@app.callback()
def _group() -> None:
    """Keeps the group a group, however few commands it has."""


@contextmanager
def needs_infra() -> Iterator[None]:
    """Around the import of `infra.plan`, which is in a clone and not in the image of `cli`.

    Raises `ConfigurationError` where it is not there.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "infra":
            raise
        raise ConfigurationError(
            "`fortress plan` reads infra/, which is not installed here: "
            "run it in a clone of the repository, after `make setup`"
        ) from None


def write_page(file: Path | None, page: str) -> None:
    """Write a page where one is wanted. Raises `Invalid` where it cannot be written."""
    if file is None:
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(page, "utf-8")
    except OSError as error:
        raise Invalid(f"{file} cannot be written: {error.strerror}") from None
