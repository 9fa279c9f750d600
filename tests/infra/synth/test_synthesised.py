"""What make synth checks, of the templates as they are; cfn-lint over all is left to it."""

from pathlib import Path

import pytest

from infra import verify
from infra.synth import table
from tests.support.templates import Templates


@pytest.fixture(scope="session")
def folders(synthesised: Path) -> list[Path]:
    return sorted(path.parent for path in synthesised.glob("*/manifest.json"))


def test_there_are_templates_of_each_environment_and_of_what_they_share(
    folders: list[Path],
) -> None:
    assert [folder.name for folder in folders] == ["delivery", "production", "staging"]


def test_nothing_is_open(folders: list[Path]) -> None:
    """Nothing looked up, nothing made up, no finding of cdk-nag, no careless acknowledgement."""
    assert [problem for folder in folders for problem in verify.problems(folder)] == []


def test_every_stack_is_in_the_table(folders: list[Path], templates: Templates) -> None:
    lines = table(folders).splitlines()
    assert sorted(line.split()[0] for line in lines[1:]) == sorted(templates)


def test_no_template_has_an_asset_that_would_have_to_be_built(synthesised: Path) -> None:
    built = [
        asset
        for file in synthesised.glob("*/asset.*")
        for asset in (file.name,)
        if not asset.endswith(".template.json")
    ]
    assert built == []


def test_no_stack_runs_code_of_the_library_in_our_account(templates: Templates) -> None:
    custom = [
        (stack, name)
        for stack, template in templates.items()
        for name, resource in template["Resources"].items()
        if resource["Type"].startswith(("Custom::", "AWS::Lambda", "AWS::CloudFormation::Custom"))
    ]
    assert custom == []
