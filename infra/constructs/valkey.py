"""The bus: ElastiCache for Valkey, encrypted, with a password."""

import aws_cdk as cdk
from aws_cdk import aws_elasticache as elasticache
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secrets
from constructs import Construct

from infra.constructs.acknowledge import acknowledge
from infra.environments import Environment
from infra.ports import VALKEY
from infra.stacks.network import NetworkStack


def valkey(
    scope: Construct, environment: Environment, network: NetworkStack, key: kms.IKey
) -> tuple[str, secrets.Secret]:
    """The host name to connect to over TLS, and the secret with the key `password`."""
    secret = _password(scope, environment, key)
    subnets = elasticache.CfnSubnetGroup(
        scope,
        "ValkeySubnets",
        description="Isolated subnets",
        subnet_ids=network.vpc.select_subnets(subnet_type=network.isolated.subnet_type).subnet_ids,
    )
    several = environment.valkey.nodes > 1
    group = elasticache.CfnReplicationGroup(
        scope,
        "Valkey",
        replication_group_description=f"Fortress {environment.name}: bus",
        engine="valkey",
        engine_version="8.0",
        cache_node_type=environment.valkey.node_type,
        num_cache_clusters=environment.valkey.nodes,
        automatic_failover_enabled=several,
        multi_az_enabled=several,
        preferred_cache_cluster_a_zs=list(environment.task_zones[: environment.valkey.nodes]),
        cache_subnet_group_name=subnets.ref,
        security_group_ids=[network.groups.valkey.security_group_id],
        port=VALKEY,
        transit_encryption_enabled=True,
        transit_encryption_mode="required",
        at_rest_encryption_enabled=True,
        kms_key_id=key.key_arn,
        auth_token=secret.secret_value_from_json("password").unsafe_unwrap(),
        auto_minor_version_upgrade=True,
        snapshot_retention_limit=0,
        preferred_maintenance_window="sun:07:00-sun:08:00",
    )
    _alone(group, several=several)
    group.apply_removal_policy(cdk.RemovalPolicy.DESTROY)
    return group.attr_primary_end_point_address, secret


def _alone(group: elasticache.CfnReplicationGroup, *, several: bool) -> None:
    if not several:
        acknowledge(
            group,
            "AwsSolutions-AEC4",
            "One node: the small profile stands in one zone. Without the bus everything is slower"
            " and nothing is lost.",
        )


def _password(scope: Construct, environment: Environment, key: kms.IKey) -> secrets.Secret:
    secret = secrets.Secret(
        scope,
        "ValkeySecret",
        secret_name=f"fortress/{environment.name}/valkey",
        description="Password of the bus, under the key password",
        encryption_key=key,
        generate_secret_string=secrets.SecretStringGenerator(
            secret_string_template="{}",  # noqa: S106 - the key is added to this
            generate_string_key="password",
            password_length=64,
            exclude_punctuation=True,
        ),
    )
    acknowledge(
        secret,
        "AwsSolutions-SMG4",
        "Renewing it means giving the bus two passwords for a while and starting every task anew:"
        " docs/deployment.md has the steps. The bus holds nothing that has to last.",
    )
    return secret
