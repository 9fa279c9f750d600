"""Ingest as a service behind the network load balancer."""

from collections.abc import Mapping

from aws_cdk import aws_applicationautoscaling as scaling
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elb
from constructs import Construct

from infra.constructs import variables
from infra.constructs.scaling import ConnectionScaling, ServiceScaling
from infra.constructs.service import Place, Target, service
from infra.constructs.task import Container, Task
from infra.constructs.vault import Vault
from infra.environments import Delivery, Environment
from infra.routes import Routes
from infra.stacks.data import DataStack

APP = "ingest"
# The most that Fargate gives, and what of it ingest takes to say goodbye to every device.
STOP_S = 120
DRAIN_S = 90
# As many devices may wait to be let in: ingest asks the kernel for so many.
BACKLOG = 4_096


class IngestService(Construct):
    """`service`, `task` and `scaling` of ingest."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        delivery: Delivery,
        data: DataStack,
        vault: Vault,
        place: Place,
        targets: Mapping[str, elb.NetworkTargetGroup],
        routes: Routes,
    ) -> None:
        super().__init__(scope, construct_id)
        ports = {route.name: route.port for route in routes.devices if route.app == APP}
        size = environment.services[APP]
        self.task = Task(
            self,
            "Task",
            environment=environment,
            delivery=delivery,
            container=Container(
                app=APP,
                cpu=size.cpu,
                memory=size.memory,
                stop_s=STOP_S,
                ports=(*ports.values(), routes.internal_port),
                variables=_variables(environment, data, ports),
                secrets=variables.secrets_of_every_app(vault),
                backlog=BACKLOG,
            ),
        )
        data.proxy.grant_connect(self.task.role, data.database_users[APP])
        self.service: ecs.FargateService = service(
            self,
            task=self.task,
            place=place,
            targets=[
                # A line that is not in the table is another way to the first one.
                Target(arn=target.target_group_arn, port=ports.get(name, ports["lines"]))
                for name, target in targets.items()
            ],
            minimum=size.minimum,
            # Every move is a goodbye to thousands of devices.
            move=False,
        )
        policies = ServiceScaling(self, "Scaling", service=self.service, size=size)
        self.scaling: scaling.ScalableTarget = policies.target
        ConnectionScaling(self, "Connections", environment=environment, target=self.scaling)


def _variables(
    environment: Environment, data: DataStack, ports: Mapping[str, int]
) -> variables.Variables:
    return variables.of_every_app(environment, data, APP) | {
        "FORTRESS_TCP_PORT": str(ports["lines"]),
        "FORTRESS_TELTONIKA_PORT": str(ports["teltonika"]),
        # The load balancer lets devices keep their addresses.
        "FORTRESS_BY_ADDRESS": "true",
        "FORTRESS_DRAIN_S": str(DRAIN_S),
    }
