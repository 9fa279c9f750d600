from typing import Any

import pytest

from infra.environments import load
from tests.support.templates import Templates, every, only


def _subnets(template: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [
        subnet
        for subnet in every(template, "AWS::EC2::Subnet")
        if {"Key": "aws-cdk:subnet-type", "Value": kind} in subnet["Tags"]
    ]


def test_no_template_holds_a_made_up_zone(templates: Templates) -> None:
    assert [name for name, text in templates.items() if "dummy" in str(text)] == []


def test_production_has_private_and_isolated_subnets_in_three_zones(templates: Templates) -> None:
    network = templates["fortress-production-network"]
    zones = {
        kind: [subnet["AvailabilityZone"] for subnet in _subnets(network, kind)]
        for kind in ("Public", "Private", "Isolated")
    }
    three = ["us-east-1a", "us-east-1b", "us-east-1c"]
    assert zones == {"Public": three, "Private": three, "Isolated": three}


def test_zones_are_those_of_the_configuration(templates: Templates, environment_name: str) -> None:
    network = templates[f"fortress-{environment_name}-network"]
    found = {subnet["AvailabilityZone"] for subnet in every(network, "AWS::EC2::Subnet")}
    assert found == set(load(environment_name).zones)


def test_no_subnet_gives_out_public_addresses(templates: Templates, environment_name: str) -> None:
    network = templates[f"fortress-{environment_name}-network"]
    assert not any(subnet["MapPublicIpOnLaunch"] for subnet in every(network, "AWS::EC2::Subnet"))


def test_isolated_subnets_have_no_way_out(templates: Templates, environment_name: str) -> None:
    network = templates[f"fortress-{environment_name}-network"]
    routes = every(network, "AWS::EC2::Route")
    assert not any("isolated" in str(route["RouteTableId"]) for route in routes)


def test_there_are_as_many_gateways_as_configured(
    templates: Templates, environment_name: str
) -> None:
    network = templates[f"fortress-{environment_name}-network"]
    assert len(every(network, "AWS::EC2::NatGateway")) == load(environment_name).nat


def test_the_small_profile_has_its_gateway_where_its_tasks_run(templates: Templates) -> None:
    network = templates["fortress-staging-network"]
    assert "Subnet1" in str(only(network, "AWS::EC2::NatGateway")["SubnetId"])


def test_layers_of_images_come_through_a_gateway_endpoint(
    templates: Templates, environment_name: str
) -> None:
    network = templates[f"fortress-{environment_name}-network"]
    endpoint = only(network, "AWS::EC2::VPCEndpoint")
    assert endpoint["VpcEndpointType"] == "Gateway"
    assert ".s3" in str(endpoint["ServiceName"])


def test_what_the_groups_refused_is_logged(templates: Templates, environment_name: str) -> None:
    network = templates[f"fortress-{environment_name}-network"]
    log = only(network, "AWS::EC2::FlowLog")
    assert (log["LogDestinationType"], log["TrafficType"]) == ("s3", "REJECT")


@pytest.mark.parametrize("prefix", ["vpc/AWSLogs", "alb/AWSLogs", "nlb/AWSLogs", "files", "static"])
def test_the_bucket_of_logs_takes_them_from_each_that_writes_there(
    templates: Templates, environment_name: str, prefix: str
) -> None:
    network = templates[f"fortress-{environment_name}-network"]
    allowed = [
        str(statement["Resource"])
        for statement in only(network, "AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    ]
    assert any(f"/{prefix}/" in resource for resource in allowed)
