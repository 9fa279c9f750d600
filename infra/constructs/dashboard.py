"""One page that shows whether all is well: from people and devices down to what they stand on."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.constructs.alarms import Alarms, metric
from infra.constructs.watches import ALB, BUS, NLB, RDS
from infra.environments import Environment
from shared.telemetry.emf import NAMESPACE

WIDE, THIRD = 24, 8
HIGH = 6


class Dashboard(Construct):
    """`alb`, `nlb`, `proxy`, `database`, `nodes`: names as CloudWatch files metrics under."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        alarms: Alarms,
        alb: str,
        nlb: str,
        proxy: str,
        database: str,
        nodes: list[str],
    ) -> None:
        super().__init__(scope, construct_id)
        self._environment = environment
        page = cloudwatch.Dashboard(
            self,
            "Page",
            dashboard_name=environment.prefix,
            default_interval=cdk.Duration.hours(3),
        )
        page.add_widgets(
            cloudwatch.AlarmStatusWidget(
                alarms=list(alarms.made.values()), title="Alarms", width=WIDE, height=4
            )
        )
        page.add_widgets(*self._web(alb))
        page.add_widgets(*self._devices(nlb))
        page.add_widgets(*self._tasks())
        page.add_widgets(*self._database(proxy, database))
        page.add_widgets(*self._bus(nodes))

    def _web(self, balancer: str) -> list[cloudwatch.IWidget]:
        here = {"LoadBalancer": balancer}
        answers = [f"HTTPCode_Target_{kind}XX_Count" for kind in (2, 4, 5)]
        return [
            _graph("Requests a minute", [metric(ALB, "RequestCount", here, statistic="Sum")]),
            _graph(
                "Answers by kind", [metric(ALB, name, here, statistic="Sum") for name in answers]
            ),
            _graph(
                "Seconds to answer",
                [
                    metric(ALB, "TargetResponseTime", here, statistic=statistic)
                    for statistic in ("p50", "p99")
                ],
            ),
        ]

    def _devices(self, balancer: str) -> list[cloudwatch.IWidget]:
        here = {"LoadBalancer": balancer}
        ours = {"Environment": self._environment.name, "Service": "ingest"}
        resets = ["TCP_Client_Reset_Count", "TCP_Target_Reset_Count", "TCP_ELB_Reset_Count"]
        return [
            _graph(
                "Connections a task",
                [
                    metric(NAMESPACE, "ActiveConnections", ours, statistic=statistic)
                    for statistic in ("Average", "Maximum")
                ],
            ),
            _graph("New connections", [metric(NLB, "NewFlowCount", here, statistic="Sum")]),
            _graph("Resets", [metric(NLB, name, here, statistic="Sum") for name in resets]),
        ]

    def _tasks(self) -> list[cloudwatch.IWidget]:
        names = list(self._environment.services)
        reporting = {"Environment": self._environment.name, "Service": "reporting"}
        used = [
            _graph(
                f"{title} of tasks, %",
                [
                    metric(
                        "AWS/ECS",
                        name,
                        {"ClusterName": self._environment.prefix, "ServiceName": app},
                    )
                    for app in names
                ],
            )
            for title, name in (("CPU", "CPUUtilization"), ("Memory", "MemoryUtilization"))
        ]
        # Every task says how many wait in all.
        waiting = metric(NAMESPACE, "WaitingRuns", reporting, statistic="Maximum")
        return [*used, _graph("Runs that wait", [waiting])]

    def _database(self, proxy: str, cluster: str) -> list[cloudwatch.IWidget]:
        through = {"ProxyName": proxy}
        here = {"DBClusterIdentifier": cluster}
        connections = [
            "ClientConnections",
            "DatabaseConnections",
            "DatabaseConnectionsCurrentlySessionPinned",
        ]
        return [
            _graph(
                "Connections through the proxy",
                [metric(RDS, name, through, statistic="Maximum") for name in connections],
            ),
            _graph("CPU of the database, %", [metric(RDS, "CPUUtilization", here)]),
            _graph("Milliseconds to commit", [metric(RDS, "CommitLatency", here)]),
        ]

    def _bus(self, nodes: list[str]) -> list[cloudwatch.IWidget]:
        def of(name: str) -> list[cloudwatch.IMetric]:
            return [metric(BUS, name, {"CacheClusterId": node}) for node in nodes]

        return [
            _graph("Memory of the bus, %", of("DatabaseMemoryUsagePercentage")),
            _graph("CPU of the bus, %", of("EngineCPUUtilization")),
            _graph("Connections of the bus", of("CurrConnections")),
        ]


def _graph(
    title: str, metrics: Sequence[cloudwatch.IMetric], *, width: int = THIRD
) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=metrics, width=width, height=HIGH)
