"""From the minimum to the maximum and back: what each service is scaled on.

Scaling out is quick and follows the highest of its policies; scaling in is slow and waits until
all of them agree. Where a metric is missing nothing is scaled in.
"""

from aws_cdk import Duration, Stack
from aws_cdk import aws_applicationautoscaling as scaling
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.service import written
from infra.environments import Environment
from infra.sizes import ServiceSize
from shared.telemetry.emf import DIMENSIONS, METRICS, NAMESPACE

# Percent of a task's CPU: room for what comes until the next task is there.
CPU_PERCENT = 60
# How often the CPU is looked at; the other choice is 60.
CPU_S = 20
# A minute and task: half of what a quarter of a vCPU answers at 5 ms each.
REQUESTS = 1_500
# Of the 8 exports and the 1,000 streams that a task takes (`FORTRESS_EXPORTS`, `FORTRESS_STREAMS`).
EXPORTS = 4
STREAMS = 500
# Runs that wait, a task: it makes two at once, half a minute each, so the last waits a minute.
WAITING_RUNS = 4
OUT_COOLDOWN_S = 30
IN_COOLDOWN_S = 300

# Connections a task. In at less than half of out: one task fewer must not mean out again.
MOST_CONNECTIONS = 2_000
LEAST_CONNECTIONS = 800
# By how much over the most, so many percent more tasks.
STEPS = ((0, 1_000, 50), (1_000, 2_000, 100), (2_000, 6_000, 200), (6_000, None, 400))
# Out: two looks of three over the most. In: a quarter of an hour under the least, looked at as
# often: with looks of a minute, the quiet before a storm would take a task back half a minute
# after the storm has asked for it (`fortress plan scale`).
OUT_LOOKS, OUT_OF = 2, 3
IN_LOOKS, IN_PERIOD_S = 90, 10


class ServiceScaling(Construct):
    """Between `size.minimum` and `size.maximum`, with the minimums of known peaks."""

    def __init__(
        self, scope: Construct, construct_id: str, *, service: ecs.FargateService, size: ServiceSize
    ) -> None:
        super().__init__(scope, construct_id)
        self._service = service
        self.target = scaling.ScalableTarget(
            self,
            "Target",
            service_namespace=scaling.ServiceNamespace.ECS,
            scalable_dimension="ecs:service:DesiredCount",
            resource_id=f"service/{service.cluster.cluster_name}/{service.service_name}",
            min_capacity=size.minimum,
            max_capacity=size.maximum,
            role=self._role(),
        )
        for number, peak in enumerate(size.peaks, start=1):
            self.target.scale_on_schedule(
                f"Peak{number}",
                schedule=scaling.Schedule.expression(f"cron({peak.cron})"),
                min_capacity=peak.minimum,
            )

    def _role(self) -> iam.IRole:
        # AWS's own, which is there in every account that scales.
        name = "AWSServiceRoleForApplicationAutoScaling_ECSService"
        return iam.Role.from_role_arn(
            self,
            "Role",
            f"arn:{Stack.of(self).partition}:iam::{Stack.of(self).account}:role/aws-service-role/"
            f"ecs.application-autoscaling.amazonaws.com/{name}",
        )

    def on_cpu(self) -> None:
        """CPU, every 20 seconds: AWS's documentation of ECS, faster auto scaling with
        high-resolution metrics.
        """
        written(self._service).monitoring = ecs.CfnService.MonitoringConfigurationProperty(
            metric_configurations=[
                ecs.CfnService.MetricConfigurationProperty(
                    metric_names=["CPUUtilization"], resolution_seconds=CPU_S
                )
            ]
        )
        # The construct has no word for the finer metric.
        self._track("Cpu", CPU_PERCENT, "ECSServiceAverageCPUUtilizationHighResolution")

    def on_requests(
        self, balancer: elb.ApplicationLoadBalancer, target: elb.ApplicationTargetGroup
    ) -> None:
        """Requests a minute and task that the balancer sends."""
        label = f"{balancer.load_balancer_full_name}/{target.target_group_full_name}"
        self._track("Requests", REQUESTS, "ALBRequestCountPerTarget", label)

    def on_metric(self, environment: Environment, app: str, name: str, target: float) -> None:
        """A metric that the app writes once a minute and task."""
        self.target.scale_to_track_metric(
            name,
            custom_metric=metric(environment, app, name),
            target_value=target,
            scale_out_cooldown=Duration.seconds(OUT_COOLDOWN_S),
            scale_in_cooldown=Duration.seconds(IN_COOLDOWN_S),
        )

    def on_queue(self, environment: Environment, app: str, name: str, target: float) -> None:
        """How much of one queue there is for each task, where every task writes once a minute how
        much there is in all: the average over tasks is that, and of samples there are as many as
        tasks. By AWS's guide, target tracking using metric math, backlog per task; there the
        number of tasks comes from Container Insights, which is not paid for here.
        """
        policy = scaling.CfnScalingPolicy
        policy(
            self,
            name,
            policy_name=name,
            policy_type="TargetTrackingScaling",
            scaling_target_id=self.target.scalable_target_id,
            target_tracking_scaling_policy_configuration=(
                policy.TargetTrackingScalingPolicyConfigurationProperty(
                    target_value=target,
                    customized_metric_specification=policy.CustomizedMetricSpecificationProperty(
                        metrics=_each(environment, app, name)
                    ),
                    scale_out_cooldown=OUT_COOLDOWN_S,
                    scale_in_cooldown=IN_COOLDOWN_S,
                )
            ),
        )

    def _track(self, name: str, target: float, kind: str, label: str | None = None) -> None:
        policy = scaling.CfnScalingPolicy
        policy(
            self,
            name,
            policy_name=name,
            policy_type="TargetTrackingScaling",
            scaling_target_id=self.target.scalable_target_id,
            target_tracking_scaling_policy_configuration=(
                policy.TargetTrackingScalingPolicyConfigurationProperty(
                    target_value=target,
                    predefined_metric_specification=policy.PredefinedMetricSpecificationProperty(
                        predefined_metric_type=kind, resource_label=label
                    ),
                    scale_out_cooldown=OUT_COOLDOWN_S,
                    scale_in_cooldown=IN_COOLDOWN_S,
                )
            ),
        )


class ConnectionScaling(Construct):
    """Ingest: in steps, as tracking a metric of one's own looks only once a minute.

    The metric is the average over tasks: it falls as tasks are added, though connections that are
    open stay where they are.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        target: scaling.ScalableTarget,
    ) -> None:
        super().__init__(scope, construct_id)
        self._metric = metric(environment, "ingest", "ActiveConnections")
        self._out(target)
        self._in(target)

    def _out(self, target: scaling.ScalableTarget) -> None:
        action = scaling.StepScalingAction(
            self,
            "Out",
            scaling_target=target,
            adjustment_type=scaling.AdjustmentType.PERCENT_CHANGE_IN_CAPACITY,
            min_adjustment_magnitude=1,
            cooldown=Duration.seconds(OUT_COOLDOWN_S),
            metric_aggregation_type=scaling.MetricAggregationType.AVERAGE,
        )
        for lower, upper, percent in STEPS:
            action.add_adjustment(adjustment=percent, lower_bound=lower, upper_bound=upper)
        alarm = self._metric.create_alarm(
            self,
            "Many",
            alarm_description="More connections a task than it should have: tasks are added",
            threshold=MOST_CONNECTIONS,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            evaluation_periods=OUT_OF,
            datapoints_to_alarm=OUT_LOOKS,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.ApplicationScalingAction(action))

    def _in(self, target: scaling.ScalableTarget) -> None:
        action = scaling.StepScalingAction(
            self,
            "In",
            scaling_target=target,
            adjustment_type=scaling.AdjustmentType.CHANGE_IN_CAPACITY,
            cooldown=Duration.seconds(IN_COOLDOWN_S),
            metric_aggregation_type=scaling.MetricAggregationType.AVERAGE,
        )
        action.add_adjustment(adjustment=-1, upper_bound=0)
        alarm = self._metric.with_(period=Duration.seconds(IN_PERIOD_S)).create_alarm(
            self,
            "Few",
            alarm_description="Fewer connections than tasks are for: one task goes",
            threshold=LEAST_CONNECTIONS,
            comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            evaluation_periods=IN_LOOKS,
            datapoints_to_alarm=IN_LOOKS,
            # Silence is no reason to take a task away.
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.ApplicationScalingAction(action))


def metric(environment: Environment, app: str, name: str) -> cloudwatch.Metric:
    """The metric as the app writes it, averaged over its tasks."""
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=name,
        dimensions_map=dict(zip(DIMENSIONS, (environment.name, app), strict=True)),
        statistic="Average",
        period=Duration.seconds(METRICS[name].every_s),
    )


def _each(
    environment: Environment, app: str, name: str
) -> list[scaling.CfnScalingPolicy.TargetTrackingMetricDataQueryProperty]:
    """The average of a metric, divided by how many tasks wrote it."""
    policy = scaling.CfnScalingPolicy
    found = policy.TargetTrackingMetricProperty(
        namespace=NAMESPACE,
        metric_name=name,
        dimensions=[
            policy.TargetTrackingMetricDimensionProperty(name=label, value=value)
            for label, value in zip(DIMENSIONS, (environment.name, app), strict=True)
        ],
    )
    parts = {"all": "Average", "tasks": "SampleCount"}
    return [
        policy.TargetTrackingMetricDataQueryProperty(
            id=part,
            metric_stat=policy.TargetTrackingMetricStatProperty(metric=found, stat=statistic),
            return_data=False,
        )
        for part, statistic in parts.items()
    ] + [
        policy.TargetTrackingMetricDataQueryProperty(
            id="each", label=f"{name}, a task", expression="all / tasks", return_data=True
        )
    ]
