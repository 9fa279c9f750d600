"""Groups of log lines that go after a time."""

import aws_cdk as cdk
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.environments import Environment


def log_group(
    scope: Construct, construct_id: str, *, name: str, environment: Environment
) -> logs.LogGroup:
    """Made here even where AWS would make it by itself: that one would keep lines for ever."""
    group = logs.LogGroup(
        scope, construct_id, log_group_name=name, removal_policy=cdk.RemovalPolicy.DESTROY
    )
    written = group.node.default_child
    assert isinstance(written, logs.CfnLogGroup)
    # The construct takes names of numbers of days only.
    written.retention_in_days = environment.log_days
    return group
