"""Cluster, roles, tasks and services, made in moto from the template and read back by the API.

By the API, not by CloudFormation: moto's forgets most of what a task and a service are told. The
client checks every name and type on the way, moto the policies. It makes no application auto
scaling and no alarms: those are left out.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from infra.environments import load
from tests.infra.cloud import Cloud, Resource, Template, services, tasks
from tests.support.made import Account
from tests.support.moto import moto_server

NAME = "production"


@pytest.fixture(scope="module")
def cloud(templates: dict[str, Template]) -> Cloud:
    return Cloud(templates, NAME, settled=True)


class Maker:
    """Makes resources, and knows what AWS calls those that are made."""

    def __init__(self, account: Account, cloud: Cloud) -> None:
        self._account = account
        self._cloud = cloud
        self._ids: dict[str, str] = {}

    def roles(self) -> None:
        iam = self._account.client("iam")
        for role in self._cloud.of("AWS::IAM::Role"):
            trust = json.dumps(role.properties["AssumeRolePolicyDocument"])
            name = role.id[:64]
            made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
            self._ids[role.name] = name
            self._ids[f"{role.name}.Arn"] = made["Role"]["Arn"]
        for policy in self._cloud.of("AWS::IAM::Policy"):
            document = self._told(policy.properties["PolicyDocument"])
            for role in policy.properties["Roles"]:
                iam.put_role_policy(
                    RoleName=self._ids[role],
                    PolicyName=policy.id,
                    PolicyDocument=json.dumps(document),
                )

    def network(self) -> None:
        """Any network: moto only looks whether what services name is there."""
        ec2 = self._account.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        named = [
            service.properties["NetworkConfiguration"]["AwsvpcConfiguration"]
            for service in services(self._cloud).values()
        ]
        for number, subnet in enumerate({it for one in named for it in one["Subnets"]}):
            made = ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24")["Subnet"]
            self._ids[subnet] = made["SubnetId"]
        for group in {it for one in named for it in one["SecurityGroups"]}:
            made = ec2.create_security_group(VpcId=vpc, GroupName=group, Description=group)
            self._ids[group] = made["GroupId"]

    def cluster(self) -> None:
        (cluster,) = self._cloud.of("AWS::ECS::Cluster")
        name = cluster.properties["ClusterName"]
        self._account.client("ecs").create_cluster(
            clusterName=name, capacityProviders=cluster.properties["CapacityProviders"]
        )
        self._ids[cluster.name] = name

    def tasks(self) -> None:
        ecs = self._account.client("ecs")
        for task in tasks(self._cloud).values():
            made = ecs.register_task_definition(**self._call(task))["taskDefinition"]
            self._ids[task.name] = made["taskDefinitionArn"]

    def services(self) -> None:
        ecs = self._account.client("ecs")
        for service in services(self._cloud).values():
            ecs.create_service(**self._call(service))

    def _call(self, resource: Resource) -> dict[str, Any]:
        """Properties as the API calls them."""
        found = _camel(self._told(resource.properties))
        assert isinstance(found, dict)
        return found

    def _told(self, value: Any) -> Any:
        """`value` with what stands for a resource replaced by what AWS calls it."""
        if isinstance(value, list):
            return [self._told(item) for item in value]
        if isinstance(value, dict):
            return {key: self._told(item) for key, item in value.items()}
        if isinstance(value, str) and value.split(".")[0] in self._cloud.templates:
            # What other stacks make is made up.
            return self._ids.get(value, f"arn:aws:made:us-east-1:000000000000:up/{value}")
        return value


def _camel(value: Any) -> Any:
    if isinstance(value, list):
        return [_camel(item) for item in value]
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: _camel(item) for key, item in value.items()}
    return value


@pytest.fixture(scope="module")
def account(cloud: Cloud) -> Iterator[Account]:
    with moto_server() as url:
        made = Account(url)
        maker = Maker(made, cloud)
        maker.roles()
        maker.network()
        maker.cluster()
        maker.tasks()
        maker.services()
        yield made


def test_the_cluster_runs_every_service_behind_its_balancer(account: Account) -> None:
    ecs = account.client("ecs")
    arns = ecs.list_services(cluster=f"fortress-{NAME}")["serviceArns"]
    found = ecs.describe_services(cluster=f"fortress-{NAME}", services=arns)["services"]
    assert {service["serviceName"] for service in found} == {*load(NAME).services, "bastion"}
    for service in found:
        assert {target["containerName"] for target in service["loadBalancers"]} == {
            service["serviceName"]
        }


def test_the_platform_takes_each_task_with_its_size_and_its_roles(
    account: Account, cloud: Cloud
) -> None:
    ecs, iam = account.client("ecs"), account.client("iam")
    roles = {role["Arn"] for role in iam.list_roles()["Roles"]}
    for name, task in tasks(cloud).items():
        family = task.properties["Family"]
        found = ecs.describe_task_definition(taskDefinition=family)["taskDefinition"]
        assert found["cpu"] == task.properties["Cpu"]
        assert {found["taskRoleArn"], found["executionRoleArn"]} <= roles
        (container,) = found["containerDefinitions"]
        assert container["name"] == name
        assert container["readonlyRootFilesystem"] is True


def test_a_role_reads_back_as_it_was_written(account: Account) -> None:
    iam = account.client("iam")
    (name,) = (
        role["RoleName"]
        for role in iam.list_roles()["Roles"]
        if role["RoleName"].startswith("IngestTaskTaskRole")
    )
    (policy,) = iam.list_role_policies(RoleName=name)["PolicyNames"]
    document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
    assert [statement["Action"] for statement in document["Statement"]] == ["rds-db:connect"]
