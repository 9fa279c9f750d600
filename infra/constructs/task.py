"""A Fargate task as all of ours are: ARM64, nothing writable but /tmp, no rights but its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.constructs.acknowledge import acknowledge
from infra.constructs.images import image
from infra.constructs.vault import Held
from infra.environments import Delivery, Environment

# The one that the images are made for.
USER = "10001:10001"
# What the log of a container may hold back while CloudWatch does not take it.
LOG_BUFFER_MIB = 4


@dataclass(frozen=True, kw_only=True)
class Health:
    """How ECS asks a container whether it is alive. The image says the same, which ECS ignores."""

    command: Sequence[str]
    interval_s: int
    timeout_s: int
    start_s: int
    retries: int

    def check(self) -> ecs.HealthCheck:
        return ecs.HealthCheck(
            command=["CMD", *self.command],
            interval=cdk.Duration.seconds(self.interval_s),
            timeout=cdk.Duration.seconds(self.timeout_s),
            start_period=cdk.Duration.seconds(self.start_s),
            retries=self.retries,
        )


# Alive, not ready: a container whose database is away must not be replaced for it.
ALIVE = Health(
    command=("python", "-m", "shared.health"), interval_s=5, timeout_s=3, start_s=10, retries=3
)


@dataclass(frozen=True, kw_only=True)
class Container:
    """What is particular to one app's container.

    `stop_s`: from SIGTERM to SIGKILL. `init`: a first process that hands signals on, for programs
    that take none while they start. `backlog`: connections that may wait to be accepted.
    """

    app: str
    cpu: int
    memory: int
    stop_s: int
    ports: Sequence[int] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Held] = field(default_factory=dict)
    health: Health | None = ALIVE
    init: bool = True
    backlog: int | None = None


class Task(Construct):
    """`definition`; `role`: what the app may do; `execution_role`: what starting it takes;
    `log_group`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        delivery: Delivery,
        container: Container,
    ) -> None:
        super().__init__(scope, construct_id)
        self.app = container.app
        self.log_group = self._logs(environment)
        self.role = self._role("TaskRole", f"What {self.app} may do")
        self.execution_role = self._execution_role(container)
        self.definition = self._definition(environment, container)
        self._add(environment, container, image(self, self.app, delivery))
        acknowledge(
            self.definition,
            "AwsSolutions-ECS2",
            "Addresses and sizes that are no secrets stand in the environment; secrets come from"
            " Secrets Manager",
        )

    def _logs(self, environment: Environment) -> logs.LogGroup:
        group = logs.LogGroup(
            self,
            "Logs",
            log_group_name=f"/fortress/{environment.name}/{self.app}",
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        written = group.node.default_child
        assert isinstance(written, logs.CfnLogGroup)
        written.retention_in_days = environment.log_days
        return group

    def _role(self, construct_id: str, description: str) -> iam.Role:
        return iam.Role(
            self,
            construct_id,
            assumed_by=iam.ServicePrincipal(
                "ecs-tasks.amazonaws.com",
                # Only for tasks of this account: the service works for everybody's.
                conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}},
            ),
            description=description,
        )

    def _execution_role(self, container: Container) -> iam.Role:
        role = self._role("ExecutionRole", f"Starts {self.app}: image, log, secrets")
        for held in container.secrets.values():
            held.lend(role)
        acknowledge(
            role,
            "AwsSolutions-IAM5[Resource::*]",
            "ecr:GetAuthorizationToken has no resource; what it opens is one repository",
        )
        return role

    def _definition(
        self, environment: Environment, container: Container
    ) -> ecs.FargateTaskDefinition:
        return ecs.FargateTaskDefinition(
            self,
            "Definition",
            family=f"{environment.prefix}-{self.app}",
            cpu=container.cpu,
            memory_limit_mib=container.memory,
            runtime_platform=ecs.RuntimePlatform(
                cpu_architecture=ecs.CpuArchitecture.ARM64,
                operating_system_family=ecs.OperatingSystemFamily.LINUX,
            ),
            task_role=self.role,
            execution_role=self.execution_role,
            volumes=[ecs.Volume(name="tmp")],
        )

    def _add(self, environment: Environment, container: Container, run: ecs.ContainerImage) -> None:
        linux = ecs.LinuxParameters(self, "Linux", init_process_enabled=container.init)
        linux.drop_capabilities(ecs.Capability.ALL)
        added = self.definition.add_container(
            self.app,
            image=run,
            user=USER,
            readonly_root_filesystem=True,
            linux_parameters=linux,
            environment={"FORTRESS_ENVIRONMENT": environment.name, **container.variables},
            secrets={name: held.secret for name, held in container.secrets.items()},
            port_mappings=[ecs.PortMapping(container_port=port) for port in container.ports],
            health_check=container.health.check() if container.health else None,
            stop_timeout=cdk.Duration.seconds(container.stop_s),
            system_controls=_backlog(container.backlog),
            logging=ecs.LogDriver.aws_logs(
                stream_prefix=self.app,
                log_group=self.log_group,
                # What cannot be written must not hold up the app.
                mode=ecs.AwsLogDriverMode.NON_BLOCKING,
                max_buffer_size=cdk.Size.mebibytes(LOG_BUFFER_MIB),
            ),
        )
        # The image declares /tmp as a volume, so that its rights (1777) are this volume's too.
        added.add_mount_points(
            ecs.MountPoint(source_volume="tmp", container_path="/tmp", read_only=False)  # noqa: S108 - the container's own
        )


def _backlog(connections: int | None) -> list[ecs.SystemControl] | None:
    if connections is None:
        return None
    # Of the task's own network; Fargate takes it from platform version 1.4.0 on.
    return [ecs.SystemControl(namespace="net.core.somaxconn", value=str(connections))]
