"""The secrets that containers are given, and to whom the key that encrypts them is lent."""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secrets
from constructs import Construct

from infra.stacks.data import DataStack


@dataclass(frozen=True, kw_only=True)
class Held:
    """A secret as a container gets it. `key`: the ARN of the key that encrypts `arn`, where it is
    ours and has to be lent.
    """

    secret: ecs.Secret
    arn: str
    key: str | None = None

    def lend(self, role: iam.Role) -> None:
        """Let `role` decrypt this secret, through Secrets Manager only."""
        if self.key is None:
            return
        region = cdk.Stack.of(role).region
        through = {
            "kms:ViaService": f"secretsmanager.{region}.{cdk.Aws.URL_SUFFIX}",
            "kms:EncryptionContext:SecretARN": self.arn,
        }
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["kms:Decrypt"],
                resources=[self.key],
                conditions={"StringEquals": through},
            )
        )


class Vault(Construct):
    """`app`, `bus_password`, `master_password` and `bastion_host_key`, for containers.

    Secrets and their key are of another stack. They are named here by their ARN, so that a right
    is written into the role of the task that needs it, and the key's own policy names no task.
    """

    def __init__(self, scope: Construct, construct_id: str, *, data: DataStack) -> None:
        super().__init__(scope, construct_id)
        key = data.key.key_arn
        self.app = self._held("App", data.app_secret, key=key)
        self.bus_password = self._held("Bus", data.valkey_secret, field="password", key=key)
        # RDS makes this one, with a key of AWS's.
        self.master_password = self._held("Master", data.master_secret, field="password")
        self.bastion_host_key = Held(
            secret=ecs.Secret.from_secrets_manager(data.bastion_host_key),
            arn=data.bastion_host_key.secret_arn,
        )

    def _held(
        self,
        construct_id: str,
        secret: secrets.ISecret,
        *,
        field: str | None = None,
        key: str | None = None,
    ) -> Held:
        named = secrets.Secret.from_secret_complete_arn(self, construct_id, secret.secret_arn)
        made = ecs.Secret.from_secrets_manager(named, field)
        return Held(secret=made, arn=secret.secret_arn, key=key)
