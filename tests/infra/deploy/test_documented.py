"""What docs/deployment.md tells people to type can be typed."""

import json
import re

import pytest

from infra import environments
from infra.deploy.__main__ import parser
from infra.deploy.changed import NAMES
from shared.auth.scopes import SCOPES
from tests.support.servers import ROOT

TEXT = (ROOT / "docs" / "deployment.md").read_text() + (ROOT / "README.md").read_text()
TOLD = re.compile(
    r"(?:infra\.deploy|…) "
    r"((?:[a-z]+ (?:staging|production|api)|plan|delivery)\b[^`\n|;]*)"
)
COMMANDS = sorted(set(TOLD.findall(TEXT)))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_is_told_is_one(command: str) -> None:
    given = parser().parse_args(command.split())
    assert getattr(given, "environment", "staging") in {"staging", "production"}


def test_every_step_of_a_deployment_is_told() -> None:
    told = {command.split()[0] for command in COMMANDS}
    steps = {"plan", "push", "scan", "check", "running", "prepare", "migrate", "services", "smoke"}
    assert told >= steps | {"rollback", "delivery", "run"}


def test_the_scopes_of_the_key_that_is_asked_for_exist() -> None:
    (body,) = re.findall(r"-d '(\{\"name\".*?\})'", TEXT)
    assert set(json.loads(body)["scopes"]) <= SCOPES.keys()


def test_the_keys_that_are_to_be_replaced_stand_in_the_configuration() -> None:
    (table,) = re.findall(r"\| key \| \|\n(.*?)\n\n", TEXT, re.DOTALL)
    known = environments.FILE.read_text() + (ROOT / "infra" / "environments.py").read_text()
    for key in re.findall(r"^\| (`[^|]*`)", table, re.MULTILINE):
        for name in re.findall(r"`([a-z_]+)`", key):
            assert re.search(rf"\b{name}\b", known), name


def test_the_number_of_images_is_right() -> None:
    assert "the first time all ten" in TEXT
    assert len(NAMES) == 10


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_names_of_stacks_that_are_deleted_are_all_there_are(
    environment: str, templates: dict[str, object]
) -> None:
    (listed,) = re.findall(r"for STACK in ([a-z ]+); do", TEXT)
    stacks = {name for name in templates if name.startswith(f"fortress-{environment}-")}
    assert {f"fortress-{environment}-{name}" for name in listed.split()} == stacks
