"""Alarms: each tells people, and its description says what to do first."""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.environments import Environment

Comparison = cloudwatch.ComparisonOperator
Missing = cloudwatch.TreatMissingData
OVER = Comparison.GREATER_THAN_THRESHOLD
UNDER = Comparison.LESS_THAN_THRESHOLD


@dataclass(frozen=True, kw_only=True)
class Watch:
    """What is watched: alarms when `looks` of the last `of` values are `over` (or under) `limit`.

    `missing`: what no value means; for most metrics of AWS, that nothing happened. `first`: what
    to do first, for whom it wakes up.
    """

    name: str
    metric: cloudwatch.IMetric
    limit: float
    first: str
    over: bool = True
    looks: int = 3
    of: int = 5
    missing: cloudwatch.TreatMissingData = Missing.NOT_BREACHING


class Alarms(Construct):
    """`made`: alarms by name."""

    def __init__(
        self, scope: Construct, construct_id: str, *, environment: Environment, topic: sns.ITopic
    ) -> None:
        super().__init__(scope, construct_id)
        self._prefix = environment.prefix
        self._tell = actions.SnsAction(topic)
        self.made: dict[str, cloudwatch.Alarm] = {}

    def add(self, *watches: Watch) -> None:
        for watch in watches:
            alarm = cloudwatch.Alarm(
                self,
                "".join(part.title() for part in watch.name.split("-")),
                alarm_name=f"{self._prefix}-{watch.name}",
                alarm_description=f"First: {watch.first}",
                metric=watch.metric,
                threshold=watch.limit,
                comparison_operator=OVER if watch.over else UNDER,
                evaluation_periods=watch.of,
                datapoints_to_alarm=watch.looks,
                treat_missing_data=watch.missing,
            )
            alarm.add_alarm_action(self._tell)
            alarm.add_ok_action(self._tell)
            self.made[watch.name] = alarm


def metric(
    namespace: str,
    name: str,
    dimensions: dict[str, str],
    *,
    statistic: str = "Average",
    minutes: int = 1,
) -> cloudwatch.Metric:
    """A metric of AWS's or ours. `statistic`: Average, Sum, Minimum, Maximum, SampleCount, p99."""
    return cloudwatch.Metric(
        namespace=namespace,
        metric_name=name,
        dimensions_map=dimensions,
        statistic=statistic,
        period=cdk.Duration.minutes(minutes),
    )
