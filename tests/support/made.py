"""Making synthesised templates in moto, as far as it goes.

What it does not make at all is left out. Load balancers are made by their API instead: moto's
CloudFormation makes every one an application load balancer and forgets attributes.
"""

import json
from typing import Any

import boto3

from tests.support.templates import Template, by_id

REGION = "us-east-1"
KINDS = ("AWS::EC2::", "AWS::S3::Bucket", "AWS::Logs::LogGroup", "AWS::IAM::Role")
# Tried: moto 5.2 does not make these, or not from a template.
WITHOUT = {"AWS::EC2::FlowLog", "AWS::EC2::SecurityGroupEgress", "AWS::S3::BucketPolicy"}
BALANCING = "AWS::ElasticLoadBalancingV2::"


class Account:
    """An empty account at moto's server at `url`."""

    def __init__(self, url: str) -> None:
        self._url = url
        # Physical ids by what templates say for them.
        self._ids: dict[str, Any] = {}

    def client(self, service: Any) -> Any:
        return boto3.client(
            service,
            endpoint_url=self._url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def make_stack(self, name: str, template: Template) -> None:
        """Make what moto can of a template through CloudFormation."""
        made = {
            key: {k: v for k, v in resource.items() if k != "DependsOn"}
            for key, resource in template["Resources"].items()
            if resource["Type"].startswith(KINDS) and resource["Type"] not in WITHOUT
        }
        body = {"Resources": made, "Outputs": template["Outputs"]}
        cloudformation = self.client("cloudformation")
        cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(body))
        for export in cloudformation.list_exports()["Exports"]:
            self._ids[f"import {export['Name']}"] = export["Value"]

    def make_balancing(self, template: Template, certificate: str) -> None:
        """Make the load balancers of a template with their targets, listeners and rules."""
        for key in by_id(template, "AWS::CertificateManager::Certificate"):
            self._ids[key] = certificate
        elb = self.client("elbv2")
        for key, balancer in by_id(template, f"{BALANCING}LoadBalancer").items():
            attributes = self._resolved(balancer.pop("LoadBalancerAttributes"))
            made = elb.create_load_balancer(Name=key[:32], **self._resolved(balancer))
            self._ids[key] = made["LoadBalancers"][0]["LoadBalancerArn"]
            elb.modify_load_balancer_attributes(
                LoadBalancerArn=self._ids[key], Attributes=attributes
            )
        for key, group in by_id(template, f"{BALANCING}TargetGroup").items():
            attributes = self._resolved(group.pop("TargetGroupAttributes"))
            made = elb.create_target_group(Name=key[:32], **self._resolved(group))
            self._ids[key] = made["TargetGroups"][0]["TargetGroupArn"]
            elb.modify_target_group_attributes(TargetGroupArn=self._ids[key], Attributes=attributes)
        for key, listener in by_id(template, f"{BALANCING}Listener").items():
            made = elb.create_listener(**self._resolved(listener))
            self._ids[key] = made["Listeners"][0]["ListenerArn"]
        for rule in by_id(template, f"{BALANCING}ListenerRule").values():
            elb.create_rule(**self._resolved(rule))

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._resolved(item) for item in value]
        if not isinstance(value, dict):
            return value
        if set(value) == {"Ref"}:
            return self._ids[value["Ref"]]
        if set(value) == {"Fn::ImportValue"}:
            return self._ids[f"import {value['Fn::ImportValue']}"]
        return {key: self._resolved(item) for key, item in value.items()}
