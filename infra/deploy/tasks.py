"""Tasks that run once: the migrations, and the fortress command beside the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import WaiterError

from infra.deploy.aws import ClientError, Place, code_of
from shared.errors import ConfigurationError, Unavailable

# Migrations may move a week of readings: an hour.
WAIT: dict[str, float] = {"Delay": 5, "MaxAttempts": 720}


@dataclass(frozen=True)
class OneOff:
    """Where a task runs, from the outputs of network and services. Raises `ConfigurationError`."""

    cluster: str
    definition: str
    subnets: tuple[str, ...]
    groups: tuple[str, ...]

    @staticmethod
    def of(outputs: Mapping[str, str], name: str) -> "OneOff":
        try:
            return OneOff(
                cluster=outputs["Cluster"],
                definition=outputs[f"{name.title()}Task"],
                subnets=tuple(outputs["TaskSubnets"].split(",")),
                groups=(outputs["OnceGroup"],),
            )
        except KeyError as error:
            raise ConfigurationError(
                f"the stacks do not say where {name} runs (no output {error}): "
                "deploy this version's stacks first"
            ) from None


class Runner:
    """Runs tasks in a place, and reads what they said."""

    def __init__(self, place: Place, wait: Mapping[str, float] = WAIT) -> None:
        self._ecs = place.client("ecs")
        self._logs = place.client("logs")
        self._wait = dict(wait)

    def start(self, once: OneOff, command: Sequence[str] = ()) -> str:
        """Start the task; its ARN. `command` takes the place of the image's arguments."""
        definition = self._definition(once)
        overrides = {}
        if command:
            name = definition["containerDefinitions"][0]["name"]
            overrides = {"containerOverrides": [{"name": name, "command": list(command)}]}
        said = self._ecs.run_task(
            cluster=once.cluster,
            taskDefinition=once.definition,
            launchType="FARGATE",
            overrides=overrides,
            startedBy="fortress-deploy",
            networkConfiguration={
                "awsvpcConfiguration": {
                    "subnets": list(once.subnets),
                    "securityGroups": list(once.groups),
                    "assignPublicIp": "DISABLED",
                }
            },
        )
        if not said["tasks"]:
            reasons = ", ".join(one.get("reason", "no reason") for one in said["failures"])
            raise Unavailable(f"the task could not be placed: {reasons}")
        return str(said["tasks"][0]["taskArn"])

    def finish(self, once: OneOff, task: str) -> str:
        """Wait for the end of the task; what it said. Raises `Unavailable` unless it ended well."""
        try:
            self._ecs.get_waiter("tasks_stopped").wait(
                cluster=once.cluster, tasks=[task], WaiterConfig=self._wait
            )
        except WaiterError:
            raise Unavailable(
                f"{task} still runs: watch it, and deploy again when it has ended"
            ) from None
        (described,) = self._ecs.describe_tasks(cluster=once.cluster, tasks=[task])["tasks"]
        text = self.said(once, task)
        fault = verdict(described)
        if fault:
            raise Unavailable(f"{fault}\n{text}".rstrip())
        return text

    def said(self, once: OneOff, task: str) -> str:
        """The log of the task; empty when it wrote none."""
        container = self._definition(once)["containerDefinitions"][0]
        options = container.get("logConfiguration", {}).get("options", {})
        stream = "/".join(
            (options.get("awslogs-stream-prefix", ""), container["name"], task.rpartition("/")[2])
        )
        try:
            events = self._logs.get_log_events(
                logGroupName=options.get("awslogs-group", ""), logStreamName=stream
            )["events"]
        except ClientError as error:
            if code_of(error) in {"ResourceNotFoundException", "InvalidParameterException"}:
                return ""
            raise
        return "".join(f"{event['message']}\n" for event in events)

    def _definition(self, once: OneOff) -> dict[str, Any]:
        found: dict[str, Any] = self._ecs.describe_task_definition(taskDefinition=once.definition)
        definition: dict[str, Any] = found["taskDefinition"]
        return definition


def verdict(task: Mapping[str, Any]) -> str:
    """What is wrong with a task that has ended; nothing when each container ended with 0.

    A container that never started has no exit code: the image could not be pulled, a secret read.
    """
    for container in task["containers"]:
        code = container.get("exitCode")
        name = container.get("name", "the container")
        if code is None:
            reason = container.get("reason") or task.get("stoppedReason") or "no reason given"
            return f"{name} did not start: {reason}"
        if code != 0:
            return f"{name} ended with exit code {code}"
    return ""
