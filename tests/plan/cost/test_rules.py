from decimal import Decimal
from typing import Any

import msgspec
import pytest

from infra.plan.load import Load
from infra.plan.rules.free import FREE
from infra.plan.rules.registry import RULES
from shared.errors import ConfigurationError, Invalid
from tests.plan.cost.stacks import QUIET, line, names, priced, service, stack, task

BUSY = Load(name="busy", devices=5_000, interval_s=30)
Kind = tuple[str, dict[str, Any]]
RECORD: Kind = ("AWS::Route53::RecordSet", {})


def instance(kind: str = "db.t4g.medium") -> Kind:
    return ("AWS::RDS::DBInstance", {"DBInstanceClass": kind})


def cluster(**properties: Any) -> Kind:
    return ("AWS::RDS::DBCluster", properties)


def balancer(kind: str, zones: int, scheme: str = "internet-facing") -> Kind:
    subnets = [{"Ref": f"Subnet{n}"} for n in range(zones)]
    properties = {"Type": kind, "Scheme": scheme, "Subnets": subnets}
    return ("AWS::ElasticLoadBalancingV2::LoadBalancer", properties)


def test_a_type_that_nobody_priced_is_an_error_that_names_it() -> None:
    with pytest.raises(ConfigurationError, match="said what AWS::Kafka::Cluster costs"):
        priced(stack(Broker=("AWS::Kafka::Cluster", {})))


def test_no_type_is_priced_and_free_at_once() -> None:
    assert not RULES.keys() & FREE.keys()


def test_every_free_type_has_a_reason() -> None:
    assert all(reason.strip() for reason in FREE.values())


def test_what_is_free_is_listed_with_how_many_there_are() -> None:
    bill = priced(stack(A=("AWS::IAM::Role", {}), B=("AWS::IAM::Role", {})))
    assert [(item.type, item.count) for item in bill.free] == [("AWS::IAM::Role", 2)]


def test_a_plan_that_is_none_names_those_that_are() -> None:
    with pytest.raises(Invalid, match="choose one of none, 1y, 3y"):
        priced(stack(), plan="2y")


def test_an_instance_class_without_a_price_is_an_error_that_names_it() -> None:
    with pytest.raises(ConfigurationError, match=r"no price for aurora\.db\.r8g\.16xlarge"):
        priced(stack(Writer=instance("db.r8g.16xlarge")))


def test_instances_of_the_database_are_counted() -> None:
    bill = priced(stack(Writer=instance(), Reader=instance()))
    assert line(bill, "Aurora db.t4g.medium").amount.likely == Decimal("0.073") * 730 * 2


def test_the_proxy_is_paid_for_the_vcpus_of_all_instances() -> None:
    bill = priced(stack(A=instance(), B=instance(), Proxy=("AWS::RDS::DBProxy", {})))
    proxy = line(bill, "RDS Proxy")
    assert proxy.quantity.low == 2 * 730
    assert proxy.quantity.likely == 4 * 730


def test_the_proxy_is_paid_for_two_vcpus_at_least() -> None:
    bill = priced(stack(Proxy=("AWS::RDS::DBProxy", {})))
    assert line(bill, "RDS Proxy").quantity.likely == 2 * 730


def test_a_size_that_is_not_known_is_an_error_that_names_it() -> None:
    with pytest.raises(ConfigurationError, match="how many vCPUs a 48xlarge has"):
        priced(stack(Proxy=("AWS::RDS::DBProxy", {}), A=instance("db.r7g.48xlarge")))


def test_every_commit_is_a_paid_write_on_standard_storage() -> None:
    bill = priced(stack(Cluster=cluster(), Writer=instance()), BUSY)
    assert round(line(bill, "Aurora writes").quantity.high, 9) == 2 * 438


def test_io_optimized_has_dearer_instances_and_no_writes() -> None:
    bill = priced(stack(Cluster=cluster(StorageType="aurora-iopt1"), Writer=instance()), BUSY)
    assert line(bill, "Aurora db.t4g.medium").price.likely == Decimal("0.0949")
    assert line(bill, "Aurora storage").price.likely == Decimal("0.225")
    assert not names(bill) & {"Aurora writes", "Aurora reads"}


def test_backtrack_is_paid_by_the_changes_of_its_window() -> None:
    bill = priced(stack(Cluster=cluster(BacktrackWindow=86_400)), BUSY)
    # 600,000 readings an hour, two changes each, 24 hours of them, at every hour of the month.
    expected = Decimal("0.6") * 2 * 24 * Decimal("0.012") * 730
    assert line(bill, "backtrack of 24 h").amount.likely == expected


def test_a_cluster_without_backtrack_pays_none() -> None:
    assert "backtrack of 0 h" not in names(priced(stack(Cluster=cluster(BacktrackWindow=0)), BUSY))


def test_a_master_secret_that_rds_keeps_is_a_secret() -> None:
    bill = priced(stack(Cluster=cluster(ManageMasterUserPassword=True)))
    assert line(bill, "master secret").amount.likely == Decimal("0.40")


@pytest.mark.parametrize(
    ("properties", "nodes"),
    [
        ({"NumCacheClusters": 2}, 2),
        ({"NumNodeGroups": 1, "ReplicasPerNodeGroup": 1}, 2),
        ({}, 1),
    ],
)
def test_nodes_of_valkey_are_counted(properties: dict[str, Any], nodes: int) -> None:
    group = {"CacheNodeType": "cache.t4g.micro"} | properties
    bill = priced(stack(Valkey=("AWS::ElastiCache::ReplicationGroup", group)))
    assert line(bill, "Valkey cache.t4g.micro").quantity.likely == nodes * 730


@pytest.mark.parametrize(("kind", "name"), [("application", "ALB"), ("network", "NLB")])
def test_a_balancer_has_an_address_in_each_zone(kind: str, name: str) -> None:
    bill = priced(stack(Balancer=balancer(kind, 3)))
    assert line(bill, f"{name} hours").amount.likely == Decimal("0.0225") * 730
    assert line(bill, f"public addresses of the {name}").quantity.likely == 3 * 730


def test_an_internal_balancer_has_no_public_address() -> None:
    bill = priced(stack(Balancer=balancer("application", 2, "internal")))
    assert "public addresses of the ALB" not in names(bill)


def test_idle_devices_with_tls_take_a_unit_for_each_3000() -> None:
    tls = msgspec.structs.replace(QUIET, devices=30_000, interval_s=86_400, tls_percent=100)
    bill = priced(stack(Balancer=balancer("network", 1)), tls)
    assert line(bill, "NLB capacity units").quantity.likely == 10 * 730


def test_idle_devices_without_tls_take_a_unit_for_each_100000() -> None:
    plain = msgspec.structs.replace(QUIET, devices=200_000, interval_s=864_000)
    bill = priced(stack(Balancer=balancer("network", 1)), plain)
    assert line(bill, "NLB capacity units").quantity.likely == 2 * 730


def test_gateways_and_addresses_are_paid_by_the_hour() -> None:
    bill = priced(stack(Nat=("AWS::EC2::NatGateway", {}), Address=("AWS::EC2::EIP", {})))
    assert line(bill, "NAT gateway").amount.likely == Decimal("0.045") * 730
    assert line(bill, "public address").amount.likely == Decimal("0.005") * 730


def test_an_interface_endpoint_is_paid_in_every_zone() -> None:
    properties = {"VpcEndpointType": "Interface", "SubnetIds": ["a", "b", "c"]}
    bill = priced(stack(Endpoint=("AWS::EC2::VPCEndpoint", properties)))
    assert line(bill, "interface endpoint").quantity.likely == 3 * 730
    assert "through NAT" not in names(bill)


def test_a_gateway_endpoint_is_free() -> None:
    bill = priced(stack(S3=("AWS::EC2::VPCEndpoint", {"VpcEndpointType": "Gateway"})))
    assert "interface endpoint" not in names(bill)


def test_a_firewall_is_paid_by_its_rules() -> None:
    rules = {"Scope": "REGIONAL", "Rules": [{}, {}, {}]}
    bill = priced(stack(Waf=("AWS::WAFv2::WebACL", rules)))
    assert line(bill, "WAF rules").amount.likely == 3


def test_the_cdn_costs_nothing_below_what_is_always_free() -> None:
    bill = priced(stack(Cdn=("AWS::CloudFront::Distribution", {})), BUSY)
    assert "CloudFront to readers" not in names(bill)


def test_the_cdn_costs_what_goes_beyond() -> None:
    many = msgspec.structs.replace(BUSY, readers=1_000, reports=400_000)
    bill = priced(stack(Cdn=("AWS::CloudFront::Distribution", {})), many)
    # 22 GB of scripts and 2,000 GB of reports, less 1,000.
    assert line(bill, "CloudFront to readers").quantity.likely == 1_022


@pytest.mark.parametrize(("period", "item"), [(60, "alarm.standard"), (10, "alarm.high")])
def test_an_alarm_below_a_minute_is_one_of_high_resolution(period: int, item: str) -> None:
    alarm = {"Namespace": "AWS/RDS", "MetricName": "CPUUtilization", "Period": period}
    bill = priced(stack(Alarm=("AWS::CloudWatch::Alarm", alarm)))
    assert [x.items for x in bill.lines] == [(item,)]


def test_an_alarm_over_an_expression_is_paid_by_its_metrics() -> None:
    metric = {"MetricStat": {"Period": 60, "Metric": {"Namespace": "AWS/RDS"}}}
    alarm = {"Metrics": [{"Expression": "a / b"}, metric, metric]}
    bill = priced(stack(Alarm=("AWS::CloudWatch::Alarm", alarm)))
    assert line(bill, "alarms").quantity.likely == 2


def test_target_tracking_makes_two_alarms() -> None:
    metric = {"PredefinedMetricSpecification": {"PredefinedMetricType": "ALBRequestCountPerTarget"}}
    tracking = {
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": metric,
    }
    bill = priced(stack(Policy=("AWS::ApplicationAutoScaling::ScalingPolicy", tracking)))
    made = line(bill, "alarms that target tracking makes")
    assert made.quantity.likely == 2
    assert made.items == ("alarm.standard",)


def test_step_scaling_makes_no_alarm_by_itself() -> None:
    steps = ("AWS::ApplicationAutoScaling::ScalingPolicy", {"PolicyType": "StepScaling"})
    assert not priced(stack(Policy=steps)).lines


def test_metrics_of_the_apps_own_are_counted_once() -> None:
    alarm = {"Namespace": "Fortress", "MetricName": "WaitingRuns", "Period": 60}
    kind = ("AWS::CloudWatch::Alarm", alarm)
    bill = priced(stack(A=kind, B=kind, Logs=("AWS::Logs::LogGroup", {"RetentionInDays": 30})))
    assert line(bill, "the apps' own metrics").quantity.likely == 1


def test_logs_that_are_kept_longer_cost_more() -> None:
    month, year = (
        line(
            priced(stack(Logs=("AWS::Logs::LogGroup", {"RetentionInDays": days})), BUSY),
            "logs kept",
        )
        for days in (30, 365)
    )
    assert year.amount.likely > 10 * month.amount.likely


def test_keys_and_secrets_are_paid_by_the_piece() -> None:
    key = ("AWS::KMS::Key", {"EnableKeyRotation": True})
    bill = priced(stack(Key=key, Secret=("AWS::SecretsManager::Secret", {})))
    assert line(bill, "key").amount.high == 3
    assert line(bill, "secrets").amount.likely == Decimal("0.40")


def test_what_is_made_by_hand_before_is_paid_for_too() -> None:
    bill = priced(stack(Record=RECORD, Task=task("bastion"), Service=service()))
    assert line(bill, "hosted zone").amount.likely == Decimal("0.50")
    assert line(bill, "the bastion's host key").amount.likely == Decimal("0.40")


def test_a_zone_of_the_template_is_not_paid_for_twice() -> None:
    bill = priced(stack(Zone=("AWS::Route53::HostedZone", {}), Record=RECORD))
    assert line(bill, "hosted zone").quantity.likely == 1


def test_lines_of_the_same_thing_are_one() -> None:
    bill = priced(stack(A=("AWS::EC2::NatGateway", {}), B=("AWS::EC2::NatGateway", {})))
    assert line(bill, "NAT gateway").quantity.likely == 2 * 730
