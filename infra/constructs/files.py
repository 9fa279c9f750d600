"""What an app that keeps files may do: with its own folder of the bucket, and nothing else."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from infra.constructs.acknowledge import acknowledge
from infra.constructs.task import Task
from infra.stacks.data import DataStack


def may_keep_files(task: Task, data: DataStack, folder: str) -> None:
    """Let `task` read, write and remove the files of `folder`. It may not list them.

    A right is written into the role of the task that needs it, so that the bucket's stack and the
    key's own policy name no task. With a key of the bucket, what S3 tells the key is the bucket.
    """
    bucket = data.bucket.bucket_arn
    files = f"{bucket}/{folder}/*"
    through = {
        "kms:ViaService": f"s3.{cdk.Stack.of(task).region}.{cdk.Aws.URL_SUFFIX}",
        "kms:EncryptionContext:aws:s3:arn": bucket,
    }
    task.role.add_to_principal_policy(
        iam.PolicyStatement(
            actions=["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
            resources=[files],
        )
    )
    task.role.add_to_principal_policy(
        iam.PolicyStatement(
            # A file in parts is read again when it is put together.
            actions=["kms:Decrypt", "kms:GenerateDataKey"],
            resources=[data.key.key_arn],
            conditions={"StringEquals": through},
        )
    )
    # The rule names the bucket as it comes from its stack.
    imported = data.resolve(data.export_value(bucket))["Fn::ImportValue"]
    acknowledge(
        task.role,
        f"AwsSolutions-IAM5[Resource::{imported}/{folder}/*]",
        "The files of one folder, whose names nobody knows before they are made",
    )
