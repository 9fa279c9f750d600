"""The steps of a deployment, on a stand-in for AWS."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.deploy import git, release
from infra.deploy.__main__ import main
from infra.deploy.aws import Place
from infra.deploy.changed import NAMES
from infra.environments import load
from shared.errors import ConfigurationError
from tests.support.deploying import HOST_KEY, NETWORK, OLDER, SERVICES, TAG, Cloud, stopping

Deploy = Callable[..., tuple[int, str]]
RELEASE = "--release"
SUBJECT = "token.actions.githubusercontent.com:sub"


def without_provider(file: Path) -> None:
    """Take out the identity provider, which moto's CloudFormation does not make."""
    template = json.loads(file.read_text())
    every = template["Resources"]
    (provider,) = [n for n, one in every.items() if one["Type"] == "AWS::IAM::OIDCProvider"]
    del every[provider]
    named = json.dumps({"Fn::GetAtt": [provider, "Arn"]})
    file.write_text(json.dumps(template).replace(named, '"arn:aws:iam::1:oidc-provider/github"'))


def deployed(cloud: Cloud, deploy: Deploy, tag: str) -> None:
    release = str(cloud.released(tag))
    assert deploy("prepare", "staging", RELEASE, release)[0] == 0
    assert deploy("services", "staging", RELEASE, release)[0] == 0


def test_an_image_that_is_not_there_is_refused_by_name(cloud: Cloud, deploy: Deploy) -> None:
    cloud.images(TAG)
    code, said = deploy("check", "staging", RELEASE, str(cloud.released(billing="feedfacecafe")))
    assert code == 1
    assert "fortress/billing:feedfacecafe" in said
    assert "fortress/api" not in said
    assert "Nothing was changed" in said
    assert cloud.client("cloudformation").list_stacks()["StackSummaries"] == []


def test_a_release_whose_images_are_there_passes(cloud: Cloud, deploy: Deploy) -> None:
    cloud.images(TAG)
    code, said = deploy("check", "staging", RELEASE, str(cloud.released()))
    assert code == 0
    assert "all 10 images" in said


def test_a_release_older_than_what_runs_is_refused_unless_it_is_asked_for(
    cloud: Cloud, deploy: Deploy
) -> None:
    older, newer = git.commit("60c5125~1")[:12], git.commit("60c5125")[:12]
    cloud.images(older)
    deployed(cloud, deploy, newer)
    late = str(cloud.released(older))
    code, said = deploy("check", "staging", RELEASE, late)
    assert code == 1
    assert f"api would go back behind what runs ({older} is before {newer})" in said
    assert deploy("check", "staging", RELEASE, late, "--back")[0] == 0


def test_without_the_bastion_s_host_key_nothing_is_begun(cloud: Cloud, deploy: Deploy) -> None:
    cloud.images(TAG)
    vault = cloud.client("secretsmanager")
    vault.delete_secret(SecretId=HOST_KEY, ForceDeleteWithoutRecovery=True)
    code, said = deploy("check", "staging", RELEASE, str(cloud.released()))
    assert code == 1
    assert "no secret fortress/staging/bastion/host-key" in said


def test_a_repository_that_is_missing_says_what_to_deploy_first(
    cloud: Cloud, deploy: Deploy
) -> None:
    cloud.images(TAG)
    cloud.client("ecr").delete_repository(repositoryName="fortress/api", force=True)
    code, said = deploy("check", "staging", RELEASE, str(cloud.released()))
    assert code == 1
    assert "no repository fortress/api" in said
    assert "python -m infra.deploy delivery" in said


def test_credentials_of_another_account_are_refused(cloud: Cloud, deploy: Deploy) -> None:
    file = cloud.folder / "environments.toml"
    file.write_text(file.read_text().replace("123456789012", "999999999999"))
    code, said = deploy("check", "staging", RELEASE, str(cloud.released()))
    assert code == 1
    assert "999999999999" in said


def test_without_templates_the_target_that_makes_them_is_named(
    cloud: Cloud, deploy: Deploy
) -> None:
    (cloud.folder / "var" / "synth" / "staging" / "manifest.json").unlink()
    cloud.images(TAG)
    code, said = deploy("check", "staging", RELEASE, str(cloud.released()))
    assert code == 1
    assert "make synth" in said


def test_the_first_deployment_makes_only_what_migrating_needs_before_it_migrates(
    cloud: Cloud, deploy: Deploy
) -> None:
    code, _ = deploy("prepare", "staging", RELEASE, str(cloud.released()))
    assert code == 0
    assert cloud.resources() == {"Cluster", "MigrationsDefinition", "CliDefinition"}
    assert cloud.tags() == {"TagMigrations": TAG, "TagCli": TAG}


def test_a_first_deployment_whose_migrations_failed_begins_again_with_them(
    cloud: Cloud, deploy: Deploy
) -> None:
    deploy("prepare", "staging", RELEASE, str(cloud.released(OLDER)))
    assert "nothing runs yet" in deploy("running", "staging")[1]
    assert deploy("prepare", "staging", RELEASE, str(cloud.released(TAG)))[0] == 0
    assert cloud.resources() == {"Cluster", "MigrationsDefinition", "CliDefinition"}
    assert cloud.tags() == {"TagMigrations": TAG, "TagCli": TAG}


def test_services_come_after_that(cloud: Cloud, deploy: Deploy) -> None:
    deployed(cloud, deploy, TAG)
    assert cloud.resources() == SERVICES["Resources"].keys()
    assert cloud.tags()["TagApi"] == TAG


def test_preparing_leaves_the_services_at_the_images_they_run(cloud: Cloud, deploy: Deploy) -> None:
    deployed(cloud, deploy, OLDER)
    code, _ = deploy("prepare", "staging", RELEASE, str(cloud.released(TAG)))
    assert code == 0
    assert cloud.tags() == {"TagApi": OLDER, "TagMigrations": TAG, "TagCli": TAG}


def test_the_same_release_again_changes_nothing(cloud: Cloud, deploy: Deploy) -> None:
    deployed(cloud, deploy, TAG)
    code, _ = deploy("services", "staging", RELEASE, str(cloud.released()))
    assert code == 0
    assert cloud.tags()["TagApi"] == TAG


def test_what_runs_is_kept_and_put_back(cloud: Cloud, deploy: Deploy) -> None:
    deployed(cloud, deploy, OLDER)
    code, said = deploy("running", "staging")
    assert code == 0
    assert OLDER in said
    deployed(cloud, deploy, TAG)
    code, said = deploy("rollback", "staging")
    assert code == 0
    assert "put back" in said
    assert cloud.tags() == {"TagApi": OLDER, "TagMigrations": OLDER, "TagCli": OLDER}


def test_the_template_is_put_back_with_the_tags(cloud: Cloud, deploy: Deploy) -> None:
    deployed(cloud, deploy, OLDER)
    deploy("running", "staging")
    more = SERVICES["Resources"] | {"Topic": {"Type": "AWS::SNS::Topic"}}
    cloud.template("services", SERVICES | {"Resources": more})
    deployed(cloud, deploy, TAG)
    assert "Topic" in cloud.resources()
    assert deploy("rollback", "staging")[0] == 0
    assert "Topic" not in cloud.resources()


def test_what_services_really_run_counts_more_than_what_the_stack_was_told(
    cloud: Cloud, deploy: Deploy
) -> None:
    deployed(cloud, deploy, TAG)
    ecs = cloud.client("ecs")
    older = ecs.register_task_definition(
        family="fortress-staging-api",
        containerDefinitions=[
            {"name": "api", "image": f"registry/fortress/api:{OLDER}", "memory": 512}
        ],
    )
    arn = older["taskDefinition"]["taskDefinitionArn"]
    ecs.update_service(cluster="fortress-staging", service="api", taskDefinition=arn)
    _, said = deploy("running", "staging")
    assert f"TagApi                  {OLDER}" in said
    assert f"TagMigrations           {TAG}" in said


def test_where_nothing_ran_nothing_is_put_back(cloud: Cloud, deploy: Deploy) -> None:
    code, said = deploy("running", "staging")
    assert code == 0
    assert "nothing runs yet" in said
    deployed(cloud, deploy, TAG)
    code, said = deploy("rollback", "staging")
    assert code == 1
    assert "nothing ran before" in said


def test_what_was_kept_of_one_environment_is_not_put_into_another(
    deploy: Deploy,
) -> None:
    deploy("running", "staging")
    code, said = deploy("rollback", "production", "--to", "var/deploy/before-staging.json")
    assert code == 1
    assert "fortress-staging-services, not of production" in said


def test_migrations_run_to_their_end(cloud: Cloud, deploy: Deploy) -> None:
    deployed(cloud, deploy, TAG)
    with stopping(cloud) as commands:
        code, said = deploy("migrate", "staging")
    assert code == 0, said
    assert "migrations: started" in said
    assert commands == [[]]


def test_the_command_runs_beside_the_database(cloud: Cloud, deploy: Deploy) -> None:
    deployed(cloud, deploy, TAG)
    with stopping(cloud) as commands:
        code, _ = deploy("run", "staging", "--", "org", "create", "Harbour Offices")
    assert code == 0
    assert commands == [["python", "-m", "apps.cli.main", "org", "create", "Harbour Offices"]]


@pytest.mark.usefixtures("cloud")
def test_the_pipeline_is_told_where_and_as_whom(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    assert deploy("where", "staging")[0] == 0
    assert (tmp_path / "output").read_text().splitlines() == [
        "region=us-east-1",
        "role=arn:aws:iam::123456789012:role/fortress-staging-deploy",
        "cloudformation=arn:aws:iam::123456789012:role/fortress-staging-cloudformation",
    ]
    assert "role/fortress-push" in deploy("where", "images")[1]


def test_an_image_with_a_critical_finding_goes_no_further(cloud: Cloud, deploy: Deploy) -> None:
    cloud.images(TAG, apps=("api",))
    image = {"repositoryName": "fortress/api", "imageId": {"imageTag": TAG}}
    counts = cloud.client("ecr").describe_image_scan_findings(**image)["imageScanFindings"]
    code, said = deploy("scan", "api", RELEASE, str(cloud.released()))
    assert code == ("CRITICAL" in counts["findingSeverityCounts"])
    assert "high" in said


def test_a_template_too_large_to_send_goes_through_the_bucket(cloud: Cloud, deploy: Deploy) -> None:
    cloud.client("s3").create_bucket(Bucket="fortress-templates-123456789012-us-east-1")
    cloud.template("network", NETWORK | {"Metadata": {"Long": "x" * 60_000}})
    assert deploy("prepare", "staging", RELEASE, str(cloud.released()))[0] == 0
    objects = cloud.client("s3").list_objects_v2(
        Bucket="fortress-templates-123456789012-us-east-1"
    )["Contents"]
    assert [one["Key"].partition("/")[0] for one in objects] == ["fortress-staging-network"]


def test_a_release_that_is_missing_says_what_writes_it(deploy: Deploy) -> None:
    code, said = deploy("services", "staging")
    assert code == 1
    assert "python -m infra.deploy plan" in said


def test_migrating_where_nothing_is_deployed_says_what_is_missing(deploy: Deploy) -> None:
    code, said = deploy("migrate", "staging")
    assert code == 1
    assert "there is no stack fortress-staging-network" in said


@pytest.mark.usefixtures("cloud")
def test_who_has_no_credentials_is_told_to_sign_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with pytest.raises(ConfigurationError, match="sign in"):
        Place(load("staging"))


def test_the_release_of_a_commit_is_what_the_registry_and_git_say(
    cloud: Cloud, deploy: Deploy
) -> None:
    # At this commit api, ingest and the command changed, and nothing else.
    before, after = git.commit("60c5125~1"), git.commit("60c5125")
    cloud.images(before[:12])
    code, said = deploy("plan", "--head", after, "--out", str(cloud.release))
    assert code == 0, said
    planned = release.read(cloud.release)
    assert set(planned.build) == {"api", "ingest", "cli"}
    assert planned.tags["api"] == after[:12]
    assert planned.tags["billing"] == before[:12]


def test_the_delivery_stack_is_made_by_hand_and_again_without_a_change(
    cloud: Cloud, deploy: Deploy, synthesised: Path
) -> None:
    folder = cloud.folder / "var" / "synth" / "delivery"
    shutil.copytree(synthesised / "delivery", folder)
    without_provider(folder / "fortress-delivery.template.json")
    code, said = deploy("delivery")
    assert code == 0, said
    assert "DeployProductionRole" in said
    found = cloud.client("ecr").describe_repositories()["repositories"]
    assert {one["repositoryName"] for one in found} == {f"fortress/{app}" for app in NAMES}
    assert {one["imageTagMutability"] for one in found} == {"IMMUTABLE"}
    role = cloud.client("iam").get_role(RoleName="fortress-production-deploy")["Role"]
    (trusted,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Condition"]["StringEquals"][SUBJECT].endswith(":environment:production")
    assert deploy("delivery")[0] == 0


def test_an_image_is_pushed_under_its_tag_with_the_registry_s_own_token(
    cloud: Cloud, deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = cloud.folder / "docker.log"
    client = cloud.folder / "docker"
    client.write_text(f'#!/bin/sh\necho "$@" >> {said}\n')
    client.chmod(0o755)
    monkeypatch.setenv("DOCKER", str(client))
    code, out = deploy("push", "api", RELEASE, str(cloud.released()))
    assert code == 0, out
    registry = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
    asked = said.read_text().splitlines()[-3:]
    assert asked[0] == f"login --username AWS --password-stdin {registry}"
    assert asked[1] == f"tag fortress/api:dev {registry}/fortress/api:{TAG}"
    assert asked[2] == f"push --quiet {registry}/fortress/api:{TAG}"


@pytest.mark.parametrize("command", ["plan", "check", "run", "smoke", "rollback"])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert end.value.code == 0
    assert capsys.readouterr().out


def test_help_shows_a_deployment_step_by_step(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    steps = ["plan", "push api", "check", "running", "prepare", "migrate", "services", "smoke"]
    places = [said.index(f"python -m infra.deploy {step}") for step in steps]
    assert places == sorted(places)
