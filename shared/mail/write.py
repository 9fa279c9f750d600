"""Letters made of templates: `<name>.txt`, whose first line is the subject, and `<name>.html`."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from shared.mail.base import LONGEST_SUBJECT
from shared.telemetry.clean import clean

TEMPLATES = Path(__file__).parent / "templates"


def write(template: str, values: dict[str, Any], *folders: Path) -> tuple[str, str, str]:
    """Subject, text and HTML of a letter.

    `folders` are looked into before the shared ones. Raises `jinja2.TemplateError`, also for a
    value that the template needs and did not get.
    """
    plain = _plain(folders).get_template(f"{template}.txt").render(values)
    first, _, text = plain.lstrip().partition("\n")
    # Names of people and organisations are in it: none may be a line of its own, or too long.
    subject = clean(first, LONGEST_SUBJECT)
    html = _html(folders).get_template(f"{template}.html").render(values, subject=subject)
    return subject, text.strip() + "\n", html


@cache
def _plain(folders: tuple[Path, ...]) -> Environment:
    # Text is not HTML: escaped, an ampersand would be read as five characters.
    return _environment(folders, escape=False)


@cache
def _html(folders: tuple[Path, ...]) -> Environment:
    return _environment(folders, escape=True)


def _environment(folders: tuple[Path, ...], *, escape: bool) -> Environment:
    return Environment(
        loader=FileSystemLoader([*folders, TEMPLATES]),
        autoescape=escape,  # noqa: S701 - off for text/plain alone, which nothing reads as HTML
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
