from typing import Any

import pytest

from infra.environments import load
from infra.routes import load as load_routes
from tests.support.templates import Templates, every, only


@pytest.fixture
def edge(templates: Templates, environment_name: str) -> dict[str, Any]:
    return templates[f"fortress-{environment_name}-edge"]


def test_six_hosts_devices_the_bastion_and_static_files_have_a_record(
    edge: dict[str, Any], environment_name: str
) -> None:
    labels = [route.subdomain for route in load_routes().web] + ["devices", "bastion", "static"]
    found = {
        record["Name"] for record in every(edge, "AWS::Route53::RecordSet") if record["Type"] == "A"
    }
    assert found == {f"{label}.{load(environment_name).domain}." for label in labels}


def test_a_record_follows_its_balancer_or_cdn(edge: dict[str, Any]) -> None:
    assert all("AliasTarget" in record for record in every(edge, "AWS::Route53::RecordSet"))


def test_devices_come_to_another_balancer_than_people(edge: dict[str, Any]) -> None:
    at = {
        record["Name"].split(".")[0]: str(record["AliasTarget"]["DNSName"])
        for record in every(edge, "AWS::Route53::RecordSet")
    }
    assert "DevicesBalancer" in at["devices"]
    assert "DevicesBalancer" in at["bastion"]
    assert "WebBalancer" in at["api"]
    assert "CdnDistribution" in at["static"]


def test_one_certificate_covers_the_domain_and_everything_under_it(
    edge: dict[str, Any], environment_name: str
) -> None:
    certificate = only(edge, "AWS::CertificateManager::Certificate")
    domain = load(environment_name).domain
    assert certificate["DomainName"] == domain
    assert certificate["SubjectAlternativeNames"] == [f"*.{domain}"]


def test_it_is_validated_in_our_zone(edge: dict[str, Any], environment_name: str) -> None:
    (option,) = only(edge, "AWS::CertificateManager::Certificate")["DomainValidationOptions"]
    assert option["HostedZoneId"] == load(environment_name).hosted_zone_id
