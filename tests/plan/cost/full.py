"""A small system with one of nearly everything, for what is told of a whole bill."""

import json
from pathlib import Path
from typing import Any

from infra.plan.template import Template
from tests.plan.cost.stacks import service, stack, target, task


def zone(letter: str) -> tuple[str, dict[str, Any]]:
    return ("AWS::EC2::Subnet", {"AvailabilityZone": f"us-east-1{letter}"})


def balancer(kind: str) -> tuple[str, dict[str, Any]]:
    subnets = [{"Ref": "A"}, {"Ref": "B"}]
    properties = {"Type": kind, "Scheme": "internet-facing", "Subnets": subnets}
    return ("AWS::ElasticLoadBalancingV2::LoadBalancer", properties)


def resources() -> dict[str, tuple[str, dict[str, Any]]]:
    return {
        "A": zone("a"),
        "B": zone("b"),
        "Nat": ("AWS::EC2::NatGateway", {}),
        "Address": ("AWS::EC2::EIP", {}),
        "Alb": balancer("application"),
        "Nlb": balancer("network"),
        "Waf": ("AWS::WAFv2::WebACL", {"Scope": "REGIONAL", "Rules": [{}, {}]}),
        "Cdn": ("AWS::CloudFront::Distribution", {}),
        "Cluster": ("AWS::RDS::DBCluster", {"BackupRetentionPeriod": 14}),
        "Writer": ("AWS::RDS::DBInstance", {"DBInstanceClass": "db.t4g.medium"}),
        "Proxy": ("AWS::RDS::DBProxy", {}),
        "Valkey": (
            "AWS::ElastiCache::ReplicationGroup",
            {"CacheNodeType": "cache.t4g.micro", "NumCacheClusters": 2},
        ),
        "Task": task(),
        "Service": service(),
        "Target": target(2),
        "IngestTask": task("ingest", cpu="512", memory="1024"),
        "Ingest": service(definition="IngestTask"),
        "IngestTarget": target(2, of="Ingest"),
        "Logs": ("AWS::Logs::LogGroup", {"RetentionInDays": 30}),
        "Bucket": ("AWS::S3::Bucket", {}),
        "Key": ("AWS::KMS::Key", {}),
        "Secret": ("AWS::SecretsManager::Secret", {}),
        "Role": ("AWS::IAM::Role", {}),
    }


def system() -> Template:
    return stack(**resources())


def written(folder: Path, environment: str = "production") -> Path:
    """As `make synth` writes it."""
    body = {name: {"Type": kind, "Properties": p} for name, (kind, p) in resources().items()}
    (folder / environment).mkdir(parents=True)
    file = folder / environment / "fortress-all.template.json"
    file.write_text(json.dumps({"Resources": body}))
    return folder
