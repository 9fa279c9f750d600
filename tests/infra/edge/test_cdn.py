from typing import Any

import pytest

from infra.environments import load
from infra.routes import load as load_routes
from tests.support.templates import Templates, by_id, only


@pytest.fixture
def edge(templates: Templates, environment_name: str) -> dict[str, Any]:
    return templates[f"fortress-{environment_name}-edge"]


@pytest.fixture
def distribution(edge: dict[str, Any]) -> dict[str, Any]:
    found = only(edge, "AWS::CloudFront::Distribution")["DistributionConfig"]
    assert isinstance(found, dict)
    return found


def _headers(edge: dict[str, Any], name: str) -> dict[str, Any]:
    found = by_id(edge, "AWS::CloudFront::ResponseHeadersPolicy")
    (policy,) = (one for key, one in found.items() if name in key)
    config = policy["ResponseHeadersPolicyConfig"]
    assert isinstance(config, dict)
    return config


def test_it_is_at_static(distribution: dict[str, Any], environment_name: str) -> None:
    assert distribution["Aliases"] == [f"static.{load(environment_name).domain}"]


def test_it_takes_tls_from_1_2_of_2021(distribution: dict[str, Any]) -> None:
    certificate = distribution["ViewerCertificate"]
    assert certificate["MinimumProtocolVersion"] == "TLSv1.2_2021"


def test_it_is_logged(distribution: dict[str, Any]) -> None:
    assert distribution["Logging"]["Prefix"] == "cdn/"


def test_plain_http_is_sent_to_https(distribution: dict[str, Any]) -> None:
    behaviors = [distribution["DefaultCacheBehavior"], *distribution["CacheBehaviors"]]
    assert {one["ViewerProtocolPolicy"] for one in behaviors} == {"redirect-to-https"}


def test_only_it_reads_the_bucket(edge: dict[str, Any], distribution: dict[str, Any]) -> None:
    (origin,) = distribution["Origins"]
    assert "OriginAccessControlId" in origin
    allowed = [
        statement
        for statement in only(edge, "AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    ]
    assert [one["Principal"] for one in allowed] == [{"Service": "cloudfront.amazonaws.com"}]
    assert "AWS:SourceArn" in allowed[0]["Condition"]["StringEquals"]


def test_downloads_are_saved_instead_of_shown(
    edge: dict[str, Any], distribution: dict[str, Any]
) -> None:
    (downloads,) = distribution["CacheBehaviors"]
    assert downloads["PathPattern"] == "/downloads/*"
    (header,) = _headers(edge, "Downloads")["CustomHeadersConfig"]["Items"]
    assert (header["Header"], header["Value"]) == ("Content-Disposition", "attachment")


def test_only_pages_of_the_apps_use_its_fonts_and_modules(
    edge: dict[str, Any], environment_name: str
) -> None:
    routes, domain = load_routes(), load(environment_name).domain
    origins = _headers(edge, "Static")["CorsConfig"]["AccessControlAllowOrigins"]["Items"]
    assert origins == [f"https://{routes.host(route, domain)}" for route in routes.web]


@pytest.mark.parametrize("name", ["Static", "Downloads"])
def test_what_is_opened_by_itself_runs_nothing_and_is_in_no_frame(
    edge: dict[str, Any], name: str
) -> None:
    headers = _headers(edge, name)["SecurityHeadersConfig"]
    assert headers["ContentSecurityPolicy"] == {
        "ContentSecurityPolicy": "default-src 'none'; frame-ancestors 'none'",
        "Override": True,
    }
    assert headers["FrameOptions"] == {"FrameOption": "DENY", "Override": True}
    assert headers["ContentTypeOptions"] == {"Override": True}


@pytest.mark.parametrize("name", ["Static", "Downloads"])
def test_browsers_are_told_to_come_by_tls_for_a_year(edge: dict[str, Any], name: str) -> None:
    told = _headers(edge, name)["SecurityHeadersConfig"]["StrictTransportSecurity"]
    assert told["AccessControlMaxAgeSec"] == 365 * 24 * 3_600
    assert told["IncludeSubdomains"] is True


def test_the_private_files_are_behind_no_cdn(templates: Templates, environment_name: str) -> None:
    policy = only(templates[f"fortress-{environment_name}-data"], "AWS::S3::BucketPolicy")
    assert "cloudfront" not in str(policy)
