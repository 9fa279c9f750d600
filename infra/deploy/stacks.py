"""CloudFormation: a stack created or updated, waited for, and what it says when it fails."""

import hashlib
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import WaiterError

from infra.deploy.aws import ClientError, Place, code_of
from infra.deploy.template import Stack
from shared.errors import ConfigurationError, Unavailable

# Aurora and its proxy take a quarter of an hour, a service that does not come up as long again.
WAIT: dict[str, float] = {"Delay": 10, "MaxAttempts": 400}
# A larger template has to lie in a bucket (CloudFormation's quotas).
INLINE_BYTES = 51_200
BUCKET = "fortress-templates-{account}-{region}"
# Nothing can be done with these but delete them.
GONE = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"}
BEGAN = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")
FAILED = ("CREATE_FAILED", "UPDATE_FAILED")


def check_usable(name: str, status: str) -> None:
    """Raises `ConfigurationError` for a stack with which nothing can be done any more."""
    if status in GONE:
        raise ConfigurationError(
            f"{name} could not be created and is in {status}: delete it as an administrator "
            f"(`aws cloudformation delete-stack --stack-name {name}`; what is protected against "
            "deletion first, docs/deployment.md says how), then try again"
        )


class Stacks:
    """The stacks of a place. `role`: ARN of the role that CloudFormation works with; without it,
    the caller's own rights.
    """

    def __init__(
        self, place: Place, role: str | None = None, wait: Mapping[str, float] = WAIT
    ) -> None:
        self._place = place
        self._role = role
        self._wait = dict(wait)
        self._client = place.client("cloudformation")

    def found(self, name: str) -> dict[str, Any] | None:
        """The stack as CloudFormation describes it."""
        try:
            stacks: list[dict[str, Any]] = self._client.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if code_of(error) == "ValidationError":
                return None
            raise
        return next((one for one in stacks if one["StackStatus"] != "DELETE_COMPLETE"), None)

    def outputs(self, name: str) -> dict[str, str]:
        """What the stack says of itself. Raises `ConfigurationError` when it is not there."""
        found = self.found(name)
        if found is None:
            raise ConfigurationError(f"there is no stack {name}: deploy it first")
        return {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", ())}

    def parameters(self, name: str) -> dict[str, str]:
        """The values that the stack was last given; none when it is not there."""
        found = self.found(name) or {}
        return {one["ParameterKey"]: one["ParameterValue"] for one in found.get("Parameters", ())}

    def template(self, name: str) -> Any:
        """The template that the stack was last given."""
        return self._client.get_template(StackName=name)["TemplateBody"]

    def deploy(self, stack: Stack, parameters: Mapping[str, str]) -> bool:
        """Create or update the stack and wait; False when nothing was to be done.

        Raises `Unavailable` with the first thing that failed: CloudFormation has then put back
        what was there before.
        """
        found = self.found(stack.name)
        if found is not None:
            check_usable(stack.name, found["StackStatus"])
        verb = "create" if found is None else "update"
        asked = self._asked(stack, parameters)
        if found is None and stack.protected:
            asked["EnableTerminationProtection"] = True
        try:
            getattr(self._client, f"{verb}_stack")(**asked)
            self._client.get_waiter(f"stack_{verb}_complete").wait(
                StackName=stack.name, WaiterConfig=self._wait
            )
        except ClientError as error:
            if "No updates are to be performed" in str(error):
                return False
            raise
        except WaiterError:
            raise Unavailable(f"{stack.name}: {self._first_failure(stack.name)}") from None
        return True

    def _asked(self, stack: Stack, parameters: Mapping[str, str]) -> dict[str, Any]:
        declared = stack.template.get("Parameters", {})
        given = [
            {"ParameterKey": name, "ParameterValue": value}
            for name, value in parameters.items()
            if name in declared
        ]
        asked: dict[str, Any] = {
            "StackName": stack.name,
            "Parameters": given,
            "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
        }
        if self._role:
            asked["RoleARN"] = self._role
        return asked | self._body(stack)

    def _body(self, stack: Stack) -> dict[str, str]:
        body = stack.body.encode()
        if len(body) <= INLINE_BYTES:
            return {"TemplateBody": body.decode()}
        place = self._place
        bucket = BUCKET.format(account=place.account, region=place.region)
        key = f"{stack.name}/{hashlib.sha256(body).hexdigest()[:16]}.json"
        place.client("s3").put_object(Bucket=bucket, Key=key, Body=body)
        return {"TemplateURL": f"https://{bucket}.s3.{place.region}.amazonaws.com/{key}"}

    def _first_failure(self, name: str) -> str:
        """The oldest thing that failed in the last operation; what follows it only follows."""
        events = self._client.describe_stack_events(StackName=name)["StackEvents"]
        reasons = []
        for event in events:  # newest first
            if event["ResourceStatus"] in FAILED:
                said = event.get("ResourceStatusReason", "no reason given")
                reasons.append(f"{event['LogicalResourceId']}: {said}")
            if event["LogicalResourceId"] == name and event["ResourceStatus"] in BEGAN:
                break
        return reasons[-1] if reasons else "it ended without success; see its events"
