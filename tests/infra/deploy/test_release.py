"""Which tag each image of a release has, and which are to be built (pure)."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.deploy.changed import NAMES
from infra.deploy.release import Release, parameter, plan, read
from infra.deploy.tasks import verdict
from infra.deploy.template import only, run_once, stacks
from shared.errors import ConfigurationError

HEAD, MIDDLE, FIRST = (letter * 40 for letter in "abc")
HISTORY = [HEAD, MIDDLE, FIRST]
Templates = dict[str, dict[str, Any]]


def tag(commit: str) -> str:
    return commit[:12]


def test_what_nobody_touched_keeps_the_image_it_has() -> None:
    built = {"api": {tag(FIRST)}, "billing": {tag(FIRST), tag(MIDDLE)}}
    made = plan(HISTORY, built, lambda _: ["api"])
    assert made.tags == {"api": tag(HEAD), "billing": tag(MIDDLE)}
    assert made.build == ("api",)


def test_what_was_never_built_is_built() -> None:
    made = plan(HISTORY, {"api": set()}, lambda _: [])
    assert made.build == ("api",)


def test_a_build_that_failed_is_made_up_for_by_the_next() -> None:
    # The commit in the middle touched api, and its image never came; the last one did not.
    changed = {FIRST[:12]: ["api"], MIDDLE[:12]: []}
    made = plan(HISTORY, {"api": {tag(FIRST)}}, lambda commit: changed[commit])
    assert made.build == ("api",)


def test_a_release_planned_again_builds_nothing() -> None:
    made = plan(HISTORY, {"api": {tag(HEAD), tag(FIRST)}}, lambda _: [])
    assert made.tags == {"api": tag(HEAD)}
    assert made.build == ()


def test_images_of_other_branches_do_not_count() -> None:
    made = plan(HISTORY, {"api": {"d" * 12, "latest", tag(FIRST)}}, lambda _: [])
    assert made.tags == {"api": tag(FIRST)}


def test_a_rebuild_has_a_tag_of_its_own_and_later_releases_take_it() -> None:
    built = {"api": {tag(HEAD)}}
    made = plan(HISTORY, built, lambda _: [], rebuild=7)
    assert made.tags == {"api": f"{tag(HEAD)}-7"}
    assert made.build == ("api",)
    later = plan(HISTORY, {"api": {tag(HEAD), f"{tag(HEAD)}-7", f"{tag(HEAD)}-6"}}, lambda _: [])
    assert later.tags == made.tags


def test_a_release_is_written_and_read(tmp_path: Path) -> None:
    made = Release(revision=HEAD, tags={"api": tag(HEAD)}, build=("api",))
    made.write(tmp_path / "a" / "release.json")
    assert read(tmp_path / "a" / "release.json") == made
    assert made.parameters() == {"TagApi": tag(HEAD)}


def test_a_file_that_is_no_release_is_said_to_be_none(tmp_path: Path) -> None:
    file = tmp_path / "release.json"
    file.write_text(json.dumps({"tags": []}))
    with pytest.raises(ConfigurationError, match="is no release"):
        read(file)


@pytest.mark.parametrize(
    ("container", "said"),
    [
        ({"name": "migrations", "exitCode": 0}, ""),
        ({"name": "migrations", "exitCode": 1}, "migrations ended with exit code 1"),
        (
            {"name": "migrations", "reason": "CannotPullContainerError: not found"},
            "migrations did not start: CannotPullContainerError: not found",
        ),
        ({"name": "migrations"}, "migrations did not start: Essential container exited"),
    ],
)
def test_a_task_went_well_only_when_its_container_ended_with_0(
    container: dict[str, object], said: str
) -> None:
    task = {"containers": [container], "stoppedReason": "Essential container exited"}
    assert verdict(task) == said


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_what_migrating_needs_comes_with_its_rights_and_without_a_service(
    environment: str, templates: Templates
) -> None:
    whole = templates[f"fortress-{environment}-services"]
    part = only(whole, run_once(whole, "migrations", "cli"))
    types = [one["Type"] for one in part["Resources"].values()]
    assert "AWS::ECS::Service" not in types
    assert types.count("AWS::ECS::TaskDefinition") == 2
    assert types.count("AWS::ECS::Cluster") == 1
    assert types.count("AWS::Logs::LogGroup") == 2
    assert "secretsmanager:GetSecretValue" in json.dumps(part["Resources"])
    assert part["Parameters"].keys() == {"TagMigrations", "TagCli"}
    assert part["Outputs"].keys() >= {"Cluster", "MigrationsTask", "CliTask"}


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_stacks_are_deployed_after_those_they_need(environment: str, synthesised: Path) -> None:
    names = [one.name.rpartition("-")[2] for one in stacks(synthesised / environment)]
    for first, then in [("network", "data"), ("data", "services"), ("edge", "services")]:
        assert names.index(first) < names.index(then)


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_the_services_take_a_tag_for_each_image_and_no_default(
    environment: str, templates: Templates
) -> None:
    parameters = templates[f"fortress-{environment}-services"]["Parameters"]
    assert parameters.keys() == {parameter(app) for app in NAMES}
    assert not any("Default" in one for one in parameters.values())
