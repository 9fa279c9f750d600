"""A small Fortress in an AWS of moto's, for what deploys to it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

from infra.deploy.changed import NAMES

ACCOUNT = "123456789012"  # moto's
REGION = "us-east-1"
TAG = "0123456789ab"
OLDER = "ba9876543210"
CLUSTER = "fortress-staging"
HOST_KEY = "fortress/staging/bastion/host-key"


def _definition(app: str) -> dict[str, Any]:
    return {
        "Type": "AWS::ECS::TaskDefinition",
        "Properties": {
            "Family": f"fortress-staging-{app}",
            "RequiresCompatibilities": ["FARGATE"],
            "NetworkMode": "awsvpc",
            "Cpu": "256",
            "Memory": "512",
            "ContainerDefinitions": [
                {
                    "Name": app,
                    "Memory": 512,  # of the container too, or moto cannot place it
                    "Image": {"Fn::Sub": f"registry/fortress/{app}:${{Tag{app.title()}}}"},
                    "LogConfiguration": {
                        "LogDriver": "awslogs",
                        "Options": {
                            "awslogs-group": f"/fortress/staging/{app}",
                            "awslogs-stream-prefix": app,
                            "awslogs-region": REGION,
                        },
                    },
                }
            ],
        },
    }


NETWORK: dict[str, Any] = {
    "Resources": {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.41.0.0/16"}},
        "Subnet": {
            "Type": "AWS::EC2::Subnet",
            "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.41.0.0/20"},
        },
        "Group": {
            "Type": "AWS::EC2::SecurityGroup",
            "Properties": {"VpcId": {"Ref": "Vpc"}, "GroupDescription": "once"},
        },
    },
    "Outputs": {
        "TaskSubnets": {"Value": {"Fn::Join": [",", [{"Ref": "Subnet"}]]}},
        "OnceGroup": {"Value": {"Fn::GetAtt": ["Group", "GroupId"]}},
    },
}
SERVICES: dict[str, Any] = {
    "Parameters": {f"Tag{app.title()}": {"Type": "String"} for app in ("api", "migrations", "cli")},
    "Resources": {
        "Cluster": {"Type": "AWS::ECS::Cluster", "Properties": {"ClusterName": "fortress-staging"}},
        "MigrationsDefinition": _definition("migrations"),
        "CliDefinition": _definition("cli"),
        "ApiDefinition": _definition("api"),
        "ApiService": {
            "Type": "AWS::ECS::Service",
            "DependsOn": ["Cluster"],
            "Properties": {
                "ServiceName": "api",
                "Cluster": {"Ref": "Cluster"},
                "TaskDefinition": {"Ref": "ApiDefinition"},
                "DesiredCount": 1,
            },
        },
    },
    "Outputs": {
        "Cluster": {"Value": {"Ref": "Cluster"}},
        "MigrationsTask": {"Value": {"Ref": "MigrationsDefinition"}},
        "CliTask": {"Value": {"Ref": "CliDefinition"}},
    },
}


class Cloud:
    """Clients of the stand-in, and the commands of `python -m infra.deploy` on it."""

    def __init__(self, address: str, folder: Path) -> None:
        self._address = address
        self._clients: dict[str, Any] = {}
        self.folder = folder
        self.release = folder / "release.json"

    def client(self, service: str) -> Any:
        if service not in self._clients:
            make: Any = boto3.client
            made = make(service, endpoint_url=self._address, region_name=REGION)
            self._clients[service] = made
        return self._clients[service]

    def images(self, *tags: str, apps: tuple[str, ...] = NAMES) -> None:
        """Let the registry hold scanned images with `tags`, in the repositories of all apps."""
        ecr = self.client("ecr")
        for app in NAMES:
            ecr.create_repository(repositoryName=f"fortress/{app}")
        for app in apps:
            for tag in tags:
                ecr.put_image(
                    repositoryName=f"fortress/{app}",
                    imageManifest=json.dumps({"schemaVersion": 2, "of": f"{app}:{tag}"}),
                    imageManifestMediaType="application/vnd.oci.image.manifest.v1+json",
                    imageTag=tag,
                )
                # moto scans when it is asked, not when an image comes.
                ecr.start_image_scan(repositoryName=f"fortress/{app}", imageId={"imageTag": tag})

    def released(self, tag: str = TAG, **others: str) -> Path:
        """A release of all images at `tag`."""
        tags = dict.fromkeys(NAMES, tag) | others
        self.release.write_text(json.dumps({"revision": tag, "tags": tags, "build": []}))
        return self.release

    def template(self, stack: str, template: dict[str, Any]) -> None:
        """Let `make synth` have written this template of staging."""
        folder = self.folder / "var" / "synth" / "staging"
        folder.mkdir(parents=True, exist_ok=True)
        name = f"fortress-staging-{stack}"
        (folder / f"{name}.template.json").write_text(json.dumps(template))
        file = folder / "manifest.json"
        written = json.loads(file.read_text()) if file.exists() else {"artifacts": {}}
        written["artifacts"][name] = {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://{ACCOUNT}/{REGION}",
            "properties": {"templateFile": f"{name}.template.json"},
            "dependencies": ["fortress-staging-network"] if stack != "network" else [],
        }
        file.write_text(json.dumps(written))

    def tags(self) -> dict[str, str]:
        """The parameters of the services stack."""
        stacks = self.client("cloudformation").describe_stacks(
            StackName="fortress-staging-services"
        )
        (stack,) = stacks["Stacks"]
        return {one["ParameterKey"]: one["ParameterValue"] for one in stack["Parameters"]}

    def resources(self) -> set[str]:
        """Logical ids of what the services stack has made."""
        found = self.client("cloudformation").list_stack_resources(
            StackName="fortress-staging-services"
        )
        return {one["LogicalResourceId"] for one in found["StackResourceSummaries"]}


@contextmanager
def stopping(cloud: Cloud) -> Iterator[list[list[str]]]:
    """End each task that is started, as its process would; yields the commands they were given."""
    ecs = cloud.client("ecs")
    commands: list[list[str]] = []
    done = threading.Event()

    def stop() -> None:
        seen: set[str] = set()
        while not done.wait(0.05):
            for task in set(ecs.list_tasks(cluster=CLUSTER)["taskArns"]) - seen:
                (found,) = ecs.describe_tasks(cluster=CLUSTER, tasks=[task])["tasks"]
                overrides = found["overrides"].get("containerOverrides") or [{}]
                commands.append(overrides[0].get("command", []))
                ecs.stop_task(cluster=CLUSTER, task=task)
                seen.add(task)

    thread = threading.Thread(target=stop)
    thread.start()
    try:
        yield commands
    finally:
        done.set()
        thread.join()
