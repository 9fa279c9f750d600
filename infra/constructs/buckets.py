"""Buckets: private, encrypted, TLS only."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.acknowledge import acknowledge


def log_bucket(scope: Construct, construct_id: str, *, days: int) -> s3.Bucket:
    """For logs that AWS writes; they go after `days`. Encrypted with S3's own keys, because load
    balancers write with no others.
    """
    bucket = s3.Bucket(
        scope,
        construct_id,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        encryption=s3.BucketEncryption.S3_MANAGED,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        # CloudFront's logs come with an access-control list.
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_PREFERRED,
        lifecycle_rules=[
            s3.LifecycleRule(
                id="expire",
                expiration=cdk.Duration.days(days),
                abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
            )
        ],
        removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    )
    acknowledge(
        bucket, "AwsSolutions-S1", "It is where logs go: its own would be written into itself."
    )
    return bucket


def file_bucket(
    scope: Construct, construct_id: str, *, logs: s3.IBucket, key: kms.IKey
) -> s3.Bucket:
    """For files of the apps: every version stays for 30 days after it was replaced or deleted."""
    return s3.Bucket(
        scope,
        construct_id,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        encryption=s3.BucketEncryption.KMS,
        encryption_key=key,
        bucket_key_enabled=True,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        versioned=True,
        server_access_logs_bucket=logs,
        server_access_logs_prefix="files/",
        lifecycle_rules=[_versions()],
        removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    )


def static_bucket(scope: Construct, construct_id: str, *, logs: s3.IBucket) -> s3.Bucket:
    """For public files that the CDN hands out; nobody else reads it. A version that a page still
    names stays for 30 days after it was replaced.
    """
    return s3.Bucket(
        scope,
        construct_id,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        encryption=s3.BucketEncryption.S3_MANAGED,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        versioned=True,
        server_access_logs_bucket=logs,
        server_access_logs_prefix="static/",
        lifecycle_rules=[_versions()],
        removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    )


def _versions() -> s3.LifecycleRule:
    return s3.LifecycleRule(
        id="versions",
        noncurrent_version_expiration=cdk.Duration.days(30),
        expired_object_delete_marker=True,
        abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
    )
