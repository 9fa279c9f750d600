"""What the documents say exists."""

import re
from pathlib import Path

import pytest

from scripts import document_settings

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")
TARGET = re.compile(r"(?:^|`)make ([a-z][a-z-]*)", re.MULTILINE)
MODULE = re.compile(r"python -m ([a-z_.]+)")
NAMED_FILE = re.compile(r"`((?:apps|shared|docs|tests|migrations|scripts)/[\w./-]*\w/?)`")


def found(pattern: re.Pattern[str]) -> list[tuple[str, str]]:
    return [
        (str(document.relative_to(ROOT)), match)
        for document in DOCUMENTS
        for match in dict.fromkeys(pattern.findall(document.read_text("utf-8")))
    ]


@pytest.mark.parametrize(("document", "link"), found(LINK))
def test_a_link_leads_somewhere(document: str, link: str) -> None:
    assert link.startswith("https://") or (ROOT / document).parent.joinpath(link).exists()


@pytest.mark.parametrize(("document", "target"), found(TARGET))
def test_a_make_target_exists(document: str, target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE), document


@pytest.mark.parametrize(("document", "module"), found(MODULE))
def test_a_module_that_is_run_exists(document: str, module: str) -> None:
    place = ROOT.joinpath(*module.split("."))
    assert place.with_suffix(".py").exists() or (place / "__main__.py").exists(), document


@pytest.mark.parametrize(("document", "file"), found(NAMED_FILE))
def test_a_file_that_is_named_exists(document: str, file: str) -> None:
    assert (ROOT / file).exists(), document


def test_the_table_of_settings_is_that_of_the_code() -> None:
    document = document_settings.DOCUMENT.read_text("utf-8")
    assert document == document_settings.written(document), (
        "run .venv/bin/python -m scripts.document_settings"
    )
