"""Templates made into pages."""

from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse
from starlette.types import Scope

from shared.web import cookies, csrf
from shared.web.pages import static
from shared.web.services import Services

TEMPLATES = Path(__file__).parent / "templates"


class Pages:
    """Templates of an app, before those that all apps share.

    Values are escaped wherever they stand, and a name that a template does not know is an error,
    not an empty place.
    """

    def __init__(self, *folders: Path) -> None:
        self._environment = Environment(
            loader=FileSystemLoader([*folders, TEMPLATES]),
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals["static"] = static.address

    def text(self, template: str, **values: Any) -> str:
        """The page. Raises `jinja2.TemplateError`."""
        return self._environment.get_template(template).render(values)


@cache
def pages(*folders: Path) -> Pages:
    """The templates in `folders`, compiled once a process."""
    return Pages(*folders)


def show(
    request: Request, made: Pages, template: str, status: int = 200, **values: Any
) -> HTMLResponse:
    """A page as an answer. It has the app's title and, as `csrf`, a token for its forms."""
    here: Services = request.app.state.services
    token, visit = csrf.token_for(request.scope, here.settings)
    text = made.text(template, app=app_title(request.scope), csrf=token, **values)
    response = HTMLResponse(text, status)
    if visit is not None:
        cookies.put(response, cookies.VISIT, visit, csrf.VISIT_LASTS)
    return response


def app_title(scope: Scope) -> str:
    """What the app that answers is called on its pages."""
    app = scope.get("app")
    return str(app.title) if app is not None else "Fortress"
