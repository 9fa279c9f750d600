"""What must not be lost: Aurora behind its proxy, Valkey, files and secrets."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secrets
from constructs import Construct

from infra.constructs.acknowledge import acknowledge
from infra.constructs.buckets import file_bucket
from infra.constructs.database import DATABASE, cluster, database_users, proxy
from infra.constructs.valkey import valkey
from infra.environments import Environment
from infra.stacks.network import NetworkStack


class DataStack(cdk.Stack):
    """`cluster`, `proxy` and `proxy_endpoint` (tasks use this one), `database_name`,
    `database_users` by app, `master_secret` (RDS makes and renews it); `valkey_endpoint` and
    `valkey_secret` (key `password`); `app_secret`; `bastion_host_key` (made by hand, once);
    `bucket` of the apps' files; `key` that encrypts all of it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        network: NetworkStack,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            env=cdk.Environment(account=environment.account, region=environment.region),
            description=f"Fortress {environment.name}: data",
        )
        self.key = kms.Key(
            self,
            "Key",
            description=f"Fortress {environment.name}: database, bus, files, secrets",
            enable_key_rotation=True,
            removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        self.database_name = DATABASE
        self.database_users = database_users(environment)
        self.cluster: rds.DatabaseCluster = cluster(self, environment, network, self.key)
        self.master_secret: secrets.ISecret = self._master_secret()
        self.proxy: rds.DatabaseProxy = proxy(
            self, environment, network, self.cluster, self.database_users
        )
        self.proxy_endpoint: str = self.proxy.endpoint
        self.app_secret = self._app_secret(environment)
        self.bastion_host_key = secrets.Secret.from_secret_name_v2(
            self, "BastionHostKey", f"fortress/{environment.name}/bastion/host-key"
        )
        made = valkey(self, environment, network, self.key)
        self.valkey_endpoint, self.valkey_secret = made
        self.bucket = file_bucket(self, "Files", logs=network.logs, key=self.key)

    def _master_secret(self) -> secrets.ISecret:
        made = self.cluster.secret
        assert made is not None  # RDS manages it
        return made

    def _app_secret(self, environment: Environment) -> secrets.Secret:
        made = secrets.Secret(
            self,
            "AppSecret",
            secret_name=f"fortress/{environment.name}/app",
            description="FORTRESS_SECRET: signs cursors and sessions",
            encryption_key=self.key,
            generate_secret_string=secrets.SecretStringGenerator(
                password_length=64, exclude_punctuation=True
            ),
        )
        acknowledge(
            made,
            "AwsSolutions-SMG4",
            "What it signs lives as long as it does: a new one, at the time of one's choice, ends"
            " all of it at once. docs/deployment.md has the steps.",
        )
        return made
