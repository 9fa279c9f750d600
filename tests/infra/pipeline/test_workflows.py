"""The workflows: in which order they do what, as whom, and that each step is one that runs here."""

import re
from itertools import pairwise
from typing import Any

import pytest
import yaml

from infra.deploy.__main__ import parser
from infra.deploy.changed import NAMES, tree
from infra.deploy.touched import touched
from tests.support.servers import ROOT

FOLDER = ROOT / ".github" / "workflows"
Workflow = dict[Any, Any]
# YAML 1.1, which PyYAML reads, takes `on` for a truth value.
ON = True
WORKFLOWS: dict[str, Workflow] = {
    file.stem: yaml.safe_load(file.read_text()) for file in sorted(FOLDER.glob("*.yml"))
}
JOBS = {
    f"{workflow}/{name}": job
    for workflow, content in WORKFLOWS.items()
    for name, job in content["jobs"].items()
}
STEPS = [(name, step) for name, job in JOBS.items() for step in job.get("steps", ())]
RUNS = [(name, step["run"]) for name, step in STEPS if "run" in step]
USES = [(name, step["uses"]) for name, step in STEPS if "uses" in step]
TARGETS = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
COMMANDS = set(next(iter(parser()._subparsers._group_actions)).choices)  # type: ignore[union-attr,arg-type]  # argparse has no public way


def steps(job: str) -> list[str]:
    """What a job runs, each step by its command."""
    return [step.get("run", step.get("uses", "")) for step in JOBS[job]["steps"]]


def place(job: str, text: str) -> int:
    (found,) = [number for number, step in enumerate(steps(job)) if text in step]
    return found


def test_there_are_three_workflows() -> None:
    assert WORKFLOWS.keys() == {"checks", "deliver", "deploy"}


def test_a_deployment_goes_in_this_order() -> None:
    order = [
        "make synth",
        "check",
        "running",
        "prepare",
        "migrate",
        "services",
        "smoke",
        "rollback",
    ]
    words = [one if one.startswith("make") else f"infra.deploy {one} " for one in order]
    places = [place("deploy/deploy", word) for word in words]
    assert places == sorted(places)


def test_what_ran_is_kept_before_anything_is_changed() -> None:
    assert place("deploy/deploy", "deploy running") < place("deploy/deploy", "deploy prepare")


def test_what_ran_is_put_back_when_services_or_smoke_test_fail_and_only_then() -> None:
    job = JOBS["deploy/deploy"]["steps"]
    conditional = [step for step in job if "if" in step]
    assert [step["name"] for step in conditional] == ["put back what ran"]
    # Skipped means that an earlier step failed: the services still run what they ran.
    assert conditional[0]["if"] == "${{ !success() && steps.services.outcome != 'skipped' }}"
    (services,) = [step for step in job if step.get("id") == "services"]
    assert "infra.deploy services" in services["run"]


def test_each_environment_is_github_s_own_with_its_approval() -> None:
    deploy = JOBS["deploy/deploy"]
    assert deploy["environment"] == "${{ inputs.environment }}"
    for name in ("staging", "production"):
        assert JOBS[f"deliver/{name}"]["with"] == {"environment": name}
        assert JOBS[f"deliver/{name}"]["uses"] == "./.github/workflows/deploy.yml"


def test_production_comes_after_staging_and_staging_after_images_and_checks() -> None:
    assert JOBS["deliver/production"]["needs"] == "staging"
    assert "needs.staging.result == 'success'" in JOBS["deliver/production"]["if"]
    assert set(JOBS["deliver/staging"]["needs"]) == {"checks", "plan", "image"}
    condition = JOBS["deliver/staging"]["if"]
    assert "needs.checks.result == 'success'" in condition
    assert "needs.image.result == 'skipped'" in condition
    assert set(JOBS["deliver/image"]["needs"]) == {"checks", "plan"}


def test_images_are_built_for_the_processor_they_run_on() -> None:
    for name in ("checks/image", "deliver/image"):
        assert JOBS[name]["runs-on"] == "ubuntu-24.04-arm"


def test_images_are_built_then_pushed_then_scanned() -> None:
    order = ["make images", "infra.deploy push", "infra.deploy scan"]
    places = [place("deliver/image", word) for word in order]
    assert places == sorted(places)


def test_only_what_a_change_touches_is_built() -> None:
    assert JOBS["checks/image"]["strategy"]["matrix"] == {
        "app": "${{ fromJSON(needs.changed.outputs.images) }}"
    }
    assert JOBS["deliver/image"]["strategy"]["matrix"] == {
        "app": "${{ fromJSON(needs.plan.outputs.images) }}"
    }
    for name, needed in (("checks/image", "changed"), ("deliver/image", "plan")):
        assert JOBS[name]["if"] == f"needs.{needed}.outputs.images != '[]'"


def test_a_merged_key_makes_a_new_bastion_and_nothing_else() -> None:
    assert touched(tree("HEAD"), ["infra/bastion/keys/person.pub"], NAMES).keys() == {"bastion"}
    # No path is left out of what starts a delivery.
    assert WORKFLOWS["deliver"][ON]["push"] == {"branches": ["main"]}


def test_deployments_to_an_environment_never_cut_each_other_off() -> None:
    assert JOBS["deploy/deploy"]["concurrency"] == {
        "group": "deploy-${{ inputs.environment }}",
        "cancel-in-progress": False,
    }


def test_a_run_that_waits_for_approval_holds_up_no_other() -> None:
    assert "github.run_id" in WORKFLOWS["deliver"]["concurrency"]["group"]


def test_rights_are_given_job_by_job() -> None:
    assert [content["permissions"] for content in WORKFLOWS.values()] == [{}, {}, {}]
    signed = {name for name, job in JOBS.items() if job["permissions"].get("id-token") == "write"}
    assert signed == {
        "deliver/plan",
        "deliver/image",
        "deliver/staging",
        "deliver/production",
        "deploy/deploy",
    }
    for job in JOBS.values():
        assert job["permissions"].keys() <= {"contents", "id-token"}
        assert job["permissions"]["contents"] == "read"


def test_a_job_that_signs_in_runs_in_an_environment() -> None:
    signing = {name for name, uses in USES if "configure-aws-credentials" in uses}
    assert signing == {"deliver/plan", "deliver/image", "deploy/deploy"}
    assert {JOBS[name]["environment"] for name in signing - {"deploy/deploy"}} == {"images"}


def test_a_pull_request_signs_in_nowhere() -> None:
    assert "pull_request" in WORKFLOWS["checks"][ON]
    assert "pull_request_target" not in (FOLDER / "checks.yml").read_text()
    assert "id-token" not in (FOLDER / "checks.yml").read_text()


@pytest.mark.parametrize(("job", "uses"), USES)
def test_actions_are_pinned_by_commit(job: str, uses: str) -> None:
    assert re.fullmatch(r"[a-z-]+/[a-z-]+@[0-9a-f]{40}", uses), job


def test_the_same_action_is_pinned_to_the_same_commit() -> None:
    assert len({uses for _, uses in USES}) == len({uses.partition("@")[0] for _, uses in USES})


@pytest.mark.parametrize(("job", "run"), RUNS)
def test_no_value_of_github_s_is_pasted_into_a_command(job: str, run: str) -> None:
    # A branch may be called $(curl …): such values come as environment variables.
    assert "${{" not in run, job


@pytest.mark.parametrize(("job", "run"), RUNS)
def test_every_step_is_one_that_runs_here(job: str, run: str) -> None:
    word = run.split()
    if word[0] == "make":
        wanted = JOBS[job]["strategy"]["matrix"]["target"] if word[1] == '"$TARGET"' else [word[1]]
        assert set(wanted) <= TARGETS
    elif word[0] == "sudo":
        assert (ROOT / word[1]).exists()
    else:
        assert word[:2] == [".venv/bin/python", "-m"], run
        assert word[2] in {"infra.deploy", "infra.deploy.changed"}
        assert word[2] == "infra.deploy.changed" or word[3] in COMMANDS


@pytest.mark.parametrize("name", sorted(name for name, job in JOBS.items() if "steps" in job))
def test_every_job_ends_within_a_time(name: str) -> None:
    assert JOBS[name]["timeout-minutes"] <= 120


def test_the_environment_is_made_before_it_is_used() -> None:
    for name, job in JOBS.items():
        commands = [step["run"] for step in job.get("steps", ()) if "run" in step]
        uses = [number for number, run in enumerate(commands) if ".venv/" in run]
        # make synth makes it too.
        made = [n for n, run in enumerate(commands) if run in {"make setup", "make synth"}]
        assert not uses or min(made) < min(uses), name


def test_what_later_steps_and_jobs_read_is_written_before() -> None:
    for name, job in JOBS.items():
        known: set[str] = set()
        for step in job.get("steps", ()):
            read = set(re.findall(r"steps\.([a-z]+)\.", str(step)))
            assert read <= known, name
            known |= {step["id"]} if "id" in step else set()


def test_a_checkout_leaves_no_credentials_behind() -> None:
    checkouts = [step for _, step in STEPS if "actions/checkout" in step.get("uses", "")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_history_is_fetched_where_it_is_asked() -> None:
    asking = {name for name, run in RUNS if re.search("changed |deploy (plan|check)", run)}
    for name in asking:
        (checkout,) = [s for s in JOBS[name]["steps"] if "actions/checkout" in s.get("uses", "")]
        assert checkout["with"]["fetch-depth"] == 0


def test_secrets_reach_only_the_step_that_needs_them() -> None:
    given = [step.get("name") for _, step in STEPS if "secrets." in str(step)]
    assert given == ["smoke test"]


def test_setting_up_comes_first() -> None:
    for first, then in pairwise(["actions/checkout", "make setup", "infra.deploy plan"]):
        assert place("deliver/plan", first) < place("deliver/plan", then)
