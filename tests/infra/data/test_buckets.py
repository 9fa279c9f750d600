"""Every bucket of every stack."""

from typing import Any

import pytest

from tests.support.templates import Templates, by_id, every

STACKS = ("network", "data", "edge")
CLOSED = {
    "BlockPublicAcls": True,
    "BlockPublicPolicy": True,
    "IgnorePublicAcls": True,
    "RestrictPublicBuckets": True,
}


@pytest.fixture
def buckets(templates: Templates, environment_name: str) -> dict[str, dict[str, Any]]:
    return {
        name: bucket
        for stack in STACKS
        for name, bucket in by_id(
            templates[f"fortress-{environment_name}-{stack}"], "AWS::S3::Bucket"
        ).items()
    }


def _rules(bucket: dict[str, Any]) -> list[dict[str, Any]]:
    rules = bucket["LifecycleConfiguration"]["Rules"]
    assert isinstance(rules, list)
    return rules


def test_there_is_one_for_files_one_for_static_files_and_one_for_logs(
    buckets: dict[str, dict[str, Any]],
) -> None:
    assert {name[:-8] for name in buckets} == {"Files", "CdnStatic", "Logs"}


def test_no_bucket_can_be_made_public(buckets: dict[str, dict[str, Any]]) -> None:
    assert all(one["PublicAccessBlockConfiguration"] == CLOSED for one in buckets.values())


def test_every_bucket_is_encrypted(buckets: dict[str, dict[str, Any]]) -> None:
    assert all("BucketEncryption" in one for one in buckets.values())


def test_files_are_encrypted_with_our_key(buckets: dict[str, dict[str, Any]]) -> None:
    (files,) = (one for name, one in buckets.items() if name.startswith("Files"))
    rule = files["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert rule["BucketKeyEnabled"] is True


def test_what_was_replaced_or_deleted_can_be_had_for_a_month(
    buckets: dict[str, dict[str, Any]],
) -> None:
    kept = [one for name, one in buckets.items() if not name.startswith("Logs")]
    assert all(one["VersioningConfiguration"]["Status"] == "Enabled" for one in kept)
    assert all(
        _rules(one)[0]["NoncurrentVersionExpiration"]["NoncurrentDays"] == 30 for one in kept
    )


def test_uploads_that_never_ended_cost_for_a_day(buckets: dict[str, dict[str, Any]]) -> None:
    assert all(
        _rules(one)[0]["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 1
        for one in buckets.values()
    )


def test_logs_go_after_their_days(buckets: dict[str, dict[str, Any]]) -> None:
    (logs,) = (one for name, one in buckets.items() if name.startswith("Logs"))
    assert _rules(logs)[0]["ExpirationInDays"] in {14, 30}


def test_every_bucket_refuses_what_is_not_tls(
    templates: Templates, environment_name: str, buckets: dict[str, dict[str, Any]]
) -> None:
    refused = {
        str(policy["Bucket"]["Ref"])
        for stack in STACKS
        for policy in every(
            templates[f"fortress-{environment_name}-{stack}"], "AWS::S3::BucketPolicy"
        )
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny"
        and statement.get("Condition", {}).get("Bool") == {"aws:SecureTransport": "false"}
    }
    assert refused == set(buckets)


def test_a_bucket_stays_when_its_stack_goes(templates: Templates, environment_name: str) -> None:
    policies = {
        resource["DeletionPolicy"]
        for stack in STACKS
        for resource in templates[f"fortress-{environment_name}-{stack}"]["Resources"].values()
        if resource["Type"] == "AWS::S3::Bucket"
    }
    assert policies == {"RetainExceptOnCreate"}
