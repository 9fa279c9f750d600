"""What runs: the cluster, six web apps, ingest, the bastion, and the task that migrates."""

import aws_cdk as cdk
from aws_cdk import aws_applicationautoscaling as scaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.constructs import variables
from infra.constructs.acknowledge import acknowledge
from infra.constructs.bastion_service import BastionService
from infra.constructs.ingest_service import IngestService
from infra.constructs.service import Place
from infra.constructs.task import Container, Task
from infra.constructs.vault import Vault
from infra.constructs.web_service import WebService
from infra.environments import Delivery, Environment, load_delivery
from infra.routes import Routes
from infra.routes import load as load_routes
from infra.stacks.data import DataStack
from infra.stacks.edge import EdgeStack
from infra.stacks.network import NetworkStack

MIGRATIONS = "migrations"
# The fortress command, for what is done by hand beside the database.
COMMAND = "cli"
# What costs are told apart by.
TAG = "fortress:app"


class ServicesStack(cdk.Stack):
    """`cluster`; `services` and `scaling` of the seven apps by name; `bastion`; `migrations`, the
    task definition that a deployment runs first, and `command`, that of the fortress command;
    `log_groups` of all ten by name. `routes`: another table than that of routes.json.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        network: NetworkStack,
        data: DataStack,
        edge: EdgeStack,
        delivery: Delivery | None = None,
        routes: Routes | None = None,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            env=cdk.Environment(account=environment.account, region=environment.region),
            description=f"Fortress {environment.name}: services",
        )
        self._environment = environment
        self._network = network
        self._data = data
        self._delivery = delivery or load_delivery()
        self._vault = Vault(self, "Vault", data=data)
        self.cluster = self._cluster()
        self.services: dict[str, ecs.FargateService] = {}
        self.scaling: dict[str, scaling.ScalableTarget] = {}
        self.log_groups: dict[str, logs.ILogGroup] = {}
        self._routes = routes or load_routes()
        for route in self._routes.web:
            self._keep(self._web(route.app, edge))
        self._keep(self._ingest(edge))
        self.bastion = self._bastion(edge)
        self.migrations = self._once(
            MIGRATIONS,
            variables.of_migrations(environment, data),
            variables.secrets_of_migrations(self._vault),
        )
        self.command = self._command()
        self._tell_pipeline()

    def _cluster(self) -> ecs.Cluster:
        made = ecs.Cluster(
            self,
            "Cluster",
            cluster_name=self._environment.prefix,
            vpc=self._network.vpc,
            container_insights_v2=ecs.ContainerInsights.DISABLED,
        )
        written = made.node.default_child
        assert isinstance(written, ecs.CfnCluster)
        # As a property, so that they are there before a service asks for them.
        written.capacity_providers = ["FARGATE", "FARGATE_SPOT"]
        acknowledge(
            made,
            "AwsSolutions-ECS4",
            "Container Insights is some 25 metrics a service, 60 USD a month for eight, and tells"
            " little more: CPU and memory of each service are there without it, what scaling needs"
            " the apps write",
        )
        return made

    def _place(self, group: ec2.ISecurityGroup) -> Place:
        return Place(cluster=self.cluster, subnets=self._network.private, group=group)

    def _web(self, app: str, edge: EdgeStack) -> WebService:
        return WebService(
            self,
            app.title(),
            app=app,
            environment=self._environment,
            delivery=self._delivery,
            data=self._data,
            vault=self._vault,
            place=self._place(self._network.groups.web),
            cidr=self._network.vpc.vpc_cidr_block,
            balancer=edge.alb,
            target=edge.web_targets[app],
        )

    def _ingest(self, edge: EdgeStack) -> IngestService:
        return IngestService(
            self,
            "Ingest",
            environment=self._environment,
            delivery=self._delivery,
            data=self._data,
            vault=self._vault,
            place=self._place(self._network.groups.ingest),
            targets=edge.device_targets,
            routes=self._routes,
        )

    def _bastion(self, edge: EdgeStack) -> ecs.FargateService:
        made = BastionService(
            self,
            "Bastion",
            environment=self._environment,
            delivery=self._delivery,
            data=self._data,
            vault=self._vault,
            place=self._place(self._network.groups.bastion),
            target=edge.bastion_target,
        )
        cdk.Tags.of(made).add(TAG, made.task.app)
        self.log_groups[made.task.app] = made.task.log_group
        return made.service

    def _command(self) -> ecs.FargateTaskDefinition:
        user = f"{self._data.database_name}_{COMMAND}"
        made = self._once(
            COMMAND,
            variables.of_command(self._environment, self._data, user),
            variables.secrets_of_command(self._vault),
        )
        self._data.cluster.grant_connect(made.task_role, user)
        return made

    def _once(
        self, app: str, told: variables.Variables, secrets: variables.Secrets
    ) -> ecs.FargateTaskDefinition:
        """A task that runs beside the database and ends."""
        made = Task(
            self,
            app.title(),
            environment=self._environment,
            delivery=self._delivery,
            container=Container(
                app=app,
                cpu=256,
                memory=512,
                stop_s=120,
                variables=told,
                secrets=secrets,
                # It ends by itself, and its exit code says how.
                health=None,
            ),
        )
        cdk.Tags.of(made).add(TAG, app)
        self.log_groups[app] = made.log_group
        return made.definition

    def _tell_pipeline(self) -> None:
        """What `python -m infra.deploy` needs to run a task once."""
        said = {
            "Cluster": self.cluster.cluster_name,
            "MigrationsTask": self.migrations.task_definition_arn,
            "CliTask": self.command.task_definition_arn,
        }
        for name, value in said.items():
            cdk.CfnOutput(self, f"{name}Output", value=value).override_logical_id(name)

    def _keep(self, made: WebService | IngestService) -> None:
        app = made.task.app
        cdk.Tags.of(made).add(TAG, app)
        self.services[app] = made.service
        self.scaling[app] = made.scaling
        self.log_groups[app] = made.task.log_group
