"""What tells people that something is wrong: alarms by mail, a page to look at, a budget."""

from collections.abc import Iterator

import aws_cdk as cdk
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_elasticache as elasticache
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.constructs import watches
from infra.constructs.alarms import Alarms, Watch
from infra.constructs.dashboard import Dashboard
from infra.environments import Environment
from infra.stacks.data import DataStack
from infra.stacks.edge import EdgeStack
from infra.stacks.network import NetworkStack
from infra.stacks.services import ServicesStack

# What may put a message into the topic: for this account only, where the service says for whom it
# asks. EventBridge does not, and its documentation gives topic and key no condition.
SENDERS = {
    "cloudwatch.amazonaws.com": True,
    "budgets.amazonaws.com": True,
    "events.amazonaws.com": False,
}
# Percent of the budget: spent, and spent or to be spent by the end of the month.
SPENT, FORECAST = 80, 100
# Fields of our log lines: shared/telemetry/logs.py.
FAILED = '{ $.level = "error" || $.level = "critical" }'
LINES, BASTION = "lines", "bastion"


class ObservabilityStack(cdk.Stack):
    """`topic` that people are told by, and `alarms` by name."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        network: NetworkStack,  # noqa: ARG002 - as every stack above it is given
        data: DataStack,
        edge: EdgeStack,
        services: ServicesStack,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            env=cdk.Environment(account=environment.account, region=environment.region),
            description=f"Fortress {environment.name}: observability",
        )
        self._environment = environment
        self._data = data
        self._edge = edge
        self._nodes = _nodes(data, environment)
        self.topic = self._topic()
        alarms = Alarms(self, "Alarms", environment=environment, topic=self.topic)
        alarms.add(*self._watches())
        self.alarms = alarms.made
        for app in environment.services:
            self._count_errors(app, services.log_groups[app])
        self._deployments(services)
        self._budget()
        Dashboard(
            self,
            "Dashboard",
            environment=environment,
            alarms=alarms,
            alb=edge.alb.load_balancer_full_name,
            nlb=edge.nlb.load_balancer_full_name,
            proxy=data.proxy.db_proxy_name,
            database=data.cluster.cluster_identifier,
            nodes=self._nodes,
        )

    def _topic(self) -> sns.Topic:
        key = kms.Key(
            self,
            "Key",
            description=f"Fortress {self._environment.name}: messages of alarms",
            enable_key_rotation=True,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        topic = sns.Topic(
            self,
            "Topic",
            # Named, as the role that makes it is held to names of the environment.
            topic_name=f"{self._environment.prefix}-alarms",
            display_name=f"Fortress {self._environment.name}",
            master_key=key,
            enforce_ssl=True,
        )
        here = {"StringEquals": {"aws:SourceAccount": self.account}}
        for sender, says in SENDERS.items():
            principal = iam.ServicePrincipal(sender, conditions=here if says else None)
            topic.grant_publish(principal)
            key.grant(principal, "kms:Decrypt", "kms:GenerateDataKey")
        if self._environment.alarm_email:
            sns.Subscription(
                self,
                "Mail",
                topic=topic,
                protocol=sns.SubscriptionProtocol.EMAIL,
                endpoint=self._environment.alarm_email,
            )
        return topic

    def _watches(self) -> Iterator[Watch]:
        environment, edge = self._environment, self._edge
        sizes = environment.services
        yield from watches.of_web(edge.alb)
        for app, target in edge.web_targets.items():
            balancer = edge.alb.load_balancer_full_name
            yield from watches.of_app(app, sizes[app], target, balancer)
        balancer = edge.nlb.load_balancer_full_name
        line = edge.device_targets[LINES]
        yield from watches.of_devices("ingest", sizes["ingest"].minimum, line, balancer)
        minimum = environment.bastion.minimum
        yield from watches.of_devices(BASTION, minimum, edge.bastion_target, balancer)
        yield from watches.of_resets(edge.nlb)
        yield from watches.of_ingest(environment)
        yield from watches.of_dead_letters(environment)
        yield from watches.of_runs(environment)
        yield from watches.of_proxy(self._data.proxy.db_proxy_name, sizes["ingest"])
        yield from watches.of_database(self._data.cluster.cluster_identifier)
        yield from watches.of_bus(self._nodes)
        yield from watches.of_errors(environment, list(sizes))

    def _count_errors(self, app: str, group: logs.ILogGroup) -> None:
        counted = watches.errors(self._environment, app)
        logs.MetricFilter(
            self,
            f"{app.title()}Errors",
            log_group=group,
            filter_pattern=logs.FilterPattern.literal(FAILED),
            metric_namespace=counted.namespace,
            metric_name=counted.metric_name,
            metric_value="1",
            default_value=0,
        )

    def _deployments(self, services: ServicesStack) -> None:
        """A deployment that ECS gave up, whoever began it; it has then put back what ran."""
        message = events.RuleTargetInput.from_text(
            f"Fortress {self._environment.name}: a deployment failed and was put back: "
            f"{events.EventField.from_path('$.resources[0]')}, "
            f"{events.EventField.from_path('$.detail.reason')}. First: read the events of the "
            "service in ECS, then the last lines of its log; the images that run are the old ones."
        )
        events.Rule(
            self,
            "FailedDeployment",
            description="ECS gave a deployment up",
            event_pattern=events.EventPattern(
                source=["aws.ecs"],
                detail_type=["ECS Deployment State Change"],
                detail={"eventName": ["SERVICE_DEPLOYMENT_FAILED"]},
                resources=events.Match.prefix(f"{_services_arn(services)}/"),
            ),
            targets=[targets.SnsTopic(self.topic, message=message)],
        )

    def _budget(self) -> None:
        """Of what carries this environment's tag: it has to be activated for billing, once."""
        property_ = budgets.CfnBudget
        told = property_.SubscriberProperty(subscription_type="SNS", address=self.topic.topic_arn)
        budgets.CfnBudget(
            self,
            "Budget",
            budget=property_.BudgetDataProperty(
                budget_name=self._environment.prefix,
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=property_.SpendProperty(
                    amount=self._environment.budget_usd, unit="USD"
                ),
                cost_filters={
                    "TagKeyValue": [f"user:fortress:environment${self._environment.name}"]
                },
            ),
            notifications_with_subscribers=[
                property_.NotificationWithSubscribersProperty(
                    notification=property_.NotificationProperty(
                        comparison_operator="GREATER_THAN",
                        notification_type=kind,
                        threshold=percent,
                        threshold_type="PERCENTAGE",
                    ),
                    subscribers=[told],
                )
                for kind, percent in (("ACTUAL", SPENT), ("FORECASTED", FORECAST))
            ],
        )


def _services_arn(services: ServicesStack) -> str:
    """What the ARNs of the cluster's services begin with."""
    stack = cdk.Stack.of(services)
    name = services.cluster.cluster_name
    return f"arn:{stack.partition}:ecs:{stack.region}:{stack.account}:service/{name}"


def _nodes(data: DataStack, environment: Environment) -> list[str]:
    """Names of the bus's nodes: ElastiCache numbers them after their group."""
    group = data.node.find_child("Valkey")
    assert isinstance(group, elasticache.CfnReplicationGroup)
    return [f"{group.ref}-{number:03}" for number in range(1, environment.valkey.nodes + 1)]
