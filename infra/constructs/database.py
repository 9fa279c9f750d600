"""Aurora MySQL, and the proxy that tasks reach it through."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_rds as rds
from constructs import Construct

from infra.constructs.acknowledge import acknowledge
from infra.constructs.log_groups import log_group
from infra.environments import Environment
from infra.stacks.network import NetworkStack

DATABASE = "fortress"
# Who comes through the bastion (docs/bastion.md).
PEOPLE = f"{DATABASE}_people"
VERSION = rds.AuroraMysqlEngineVersion.VER_3_10_4
# What the apps rely on; each session has it without asking, for asking would pin it. Aurora takes
# some for the cluster and the others for its instances:
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Reference.html
OF_CLUSTER = {
    "require_secure_transport": "ON",
    "tls_version": "TLSv1.2,TLSv1.3",
    # An acknowledged reading is on disk.
    "innodb_flush_log_at_trx_commit": "1",
    # Nothing replicates from here by it, and each commit would wait for it.
    "binlog_format": "OFF",
    "time_zone": "UTC",
    "character_set_server": "utf8mb4",
    "collation_server": "utf8mb4_0900_ai_ci",
}
OF_INSTANCES = {
    "transaction_isolation": "READ-COMMITTED",
    "slow_query_log": "1",
    "long_query_time": "1",
}
# Away from 3 in the morning (UTC), when devices report, and from the first hours of a month. Left
# to AWS, both would be at a time of its own choice.
BACKUPS = "05:00-06:00"
MAINTENANCE = "sun:06:00-sun:07:00"
LOGS = ("error", "slowquery")


def database_users(environment: Environment) -> dict[str, str]:
    """The database user of each app; its rights come with the migrations."""
    return {app: f"{DATABASE}_{app}" for app in environment.services}


def cluster(
    scope: Construct, environment: Environment, network: NetworkStack, key: kms.IKey
) -> rds.DatabaseCluster:
    """The database of record; only the proxy and migrations reach it."""
    aurora = environment.aurora
    engine = rds.DatabaseClusterEngine.aurora_mysql(version=VERSION)
    writer, *readers = _instances(scope, environment, engine)
    made = rds.DatabaseCluster(
        scope,
        "Cluster",
        engine=engine,
        cluster_identifier=environment.prefix,
        writer=writer,
        readers=readers,
        vpc=network.vpc,
        vpc_subnets=network.isolated,
        security_groups=[network.groups.database],
        credentials=rds.Credentials.from_username("fortress_admin"),
        manage_master_user_password=True,
        iam_authentication=True,
        default_database_name=DATABASE,
        storage_encrypted=True,
        storage_type=rds.DBClusterStorageType.AURORA_IOPT1 if aurora.io_optimized else None,
        storage_encryption_key=key,
        backup=rds.BackupProps(
            retention=cdk.Duration.days(aurora.backup_days), preferred_window=BACKUPS
        ),
        preferred_maintenance_window=MAINTENANCE,
        backtrack_window=(
            cdk.Duration.hours(aurora.backtrack_hours) if aurora.backtrack_hours else None
        ),
        parameters=OF_CLUSTER,
        cloudwatch_logs_exports=list(LOGS),
        copy_tags_to_snapshot=True,
        deletion_protection=environment.deletion_protection,
        removal_policy=cdk.RemovalPolicy.SNAPSHOT,
    )
    for name in LOGS:
        lines = f"/aws/rds/cluster/{environment.prefix}/{name}"
        made.node.add_dependency(
            log_group(scope, f"{name.title()}Log", name=lines, environment=environment)
        )
    _stands(made, environment)
    return made


def _stands(made: rds.DatabaseCluster, environment: Environment) -> None:
    acknowledge(
        made,
        "AwsSolutions-RDS11",
        "RDS Proxy speaks on 3306 only, and the isolated subnets and their groups let nobody else"
        " come near; another port would hide nothing.",
    )
    acknowledge(
        made,
        "W3010",
        "Zones come from the environment's configuration: looking them up needs an account.",
    )
    if not environment.aurora.backtrack_hours:
        acknowledge(
            made,
            "AwsSolutions-RDS14",
            "Turning the cluster back would undo readings that were acknowledged, and costs by"
            " change and hour. Backups restore to any second, beside the running cluster.",
        )
    if not environment.deletion_protection:
        acknowledge(made, "AwsSolutions-RDS10", "Off for a time, to take the environment down.")


def _instances(
    scope: Construct, environment: Environment, engine: rds.IClusterEngine
) -> list[rds.IClusterInstance]:
    aurora, zones = environment.aurora, environment.task_zones
    group = rds.ParameterGroup(
        scope,
        "Instances",
        engine=engine,
        description=f"Fortress {environment.name}: database instances",
        parameters=OF_INSTANCES | {"max_connections": str(aurora.max_connections)},
    )
    return [
        rds.ClusterInstance.provisioned(
            f"Instance{number + 1}",
            instance_type=ec2.InstanceType(aurora.instance_class),
            parameter_group=group,
            availability_zone=zones[number % len(zones)],
            publicly_accessible=False,
            auto_minor_version_upgrade=True,
        )
        for number in range(aurora.instances)
    ]


def proxy(
    scope: Construct,
    environment: Environment,
    network: NetworkStack,
    database: rds.DatabaseCluster,
    users: dict[str, str],
) -> rds.DatabaseProxy:
    """RDS Proxy with IAM at both of its ends: no password of an app exists anywhere."""
    limits = environment.proxy
    role = iam.Role(
        scope,
        "ProxyRole",
        assumed_by=iam.ServicePrincipal("rds.amazonaws.com"),
        description="RDS Proxy signs in to the database as the apps' users, and as people",
    )
    made = rds.DatabaseProxy(
        scope,
        "Proxy",
        db_proxy_name=environment.prefix,
        proxy_target=rds.ProxyTarget.from_cluster(database),
        vpc=network.vpc,
        vpc_subnets=network.isolated,
        security_groups=[network.groups.proxy],
        role=role,
        iam_auth=True,
        default_auth_scheme=rds.DefaultAuthScheme.IAM_AUTH,
        require_tls=True,
        borrow_timeout=cdk.Duration.seconds(limits.borrow_s),
        idle_client_timeout=cdk.Duration.seconds(limits.idle_s),
        max_connections_percent=limits.max_connections_percent,
        max_idle_connections_percent=limits.max_idle_connections_percent,
    )
    lines = f"/aws/rds/proxy/{environment.prefix}"
    made.node.add_dependency(log_group(scope, "ProxyLog", name=lines, environment=environment))
    # The construct leaves the role without any right (aws-cdk-lib 2.275).
    stack = cdk.Stack.of(scope)
    role.add_to_policy(
        iam.PolicyStatement(
            actions=["rds-db:connect"],
            resources=[
                f"arn:{stack.partition}:rds-db:{stack.region}:{stack.account}:dbuser:"
                f"{database.cluster_resource_identifier}/{user}"
                for user in [*users.values(), PEOPLE]
            ],
        )
    )
    return made
