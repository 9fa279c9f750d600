"""Writes the tables of settings in docs/operations.md from the settings classes.

Run `.venv/bin/python -m scripts.document_settings` after changing one; a test compares.
"""

import importlib
from pathlib import Path

from pydantic.fields import FieldInfo

from migrations.settings import MigrationsSettings
from shared.settings import DEVELOPMENT_SECRET, Settings
from shared.web.settings import WebSettings

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "operations.md"
BEGIN = "<!-- settings: written by scripts/document_settings.py -->\n"
END = "<!-- end of settings -->\n"


def tables() -> str:
    """Markdown: a table for what all have, and one for each class that adds to it."""
    parts = [
        _table("Every process", Settings, known=set()),
        _table("Every HTTP app", WebSettings, known=set(Settings.model_fields)),
    ]
    for app in sorted(file.parent.name for file in ROOT.glob("apps/*/settings.py")):
        kind = _settings_of(app)
        known = set((WebSettings if issubclass(kind, WebSettings) else Settings).model_fields)
        if set(kind.model_fields) - known:
            parts.append(_table(app.capitalize(), kind, known=known))
    parts.append(_table("Migrations", MigrationsSettings, known=set(Settings.model_fields)))
    return "\n".join(parts)


def written(document: str) -> str:
    """`document` with the present tables between its markers."""
    before, _, rest = document.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n{tables()}\n{END}{after}"


def _settings_of(app: str) -> type[Settings]:
    """The one settings class that `apps/{app}/settings.py` defines."""
    module = importlib.import_module(f"apps.{app}.settings")
    [kind] = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Settings)
        and value.__module__ == module.__name__
    ]
    return kind


def _table(title: str, kind: type[Settings], *, known: set[str]) -> str:
    rows = [
        f"| `FORTRESS_{name.upper()}` | {_default(field)} | {field.description} |"
        for name, field in kind.model_fields.items()
        if name not in known
    ]
    head = [f"### {title}", "", "| variable | default | meaning |", "|---|---|---|"]
    return "\n".join([*head, *rows, ""])


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=False)
    text = str(value.get_secret_value() if hasattr(value, "get_secret_value") else value)
    if text == DEVELOPMENT_SECRET:
        return "one for development only"
    if value is None or not text:
        return "none"
    return f"`{text.lower() if isinstance(value, bool) else text}`"


if __name__ == "__main__":
    DOCUMENT.write_text(written(DOCUMENT.read_text("utf-8")), "utf-8")
