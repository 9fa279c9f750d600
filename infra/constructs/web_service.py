"""A web app as a service behind the application load balancer."""

from aws_cdk import aws_applicationautoscaling as scaling
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs import variables
from infra.constructs.files import may_keep_files
from infra.constructs.scaling import EXPORTS, STREAMS, WAITING_RUNS, ServiceScaling
from infra.constructs.service import Place, Target, service
from infra.constructs.task import Container, Task
from infra.constructs.vault import Vault
from infra.environments import Delivery, Environment
from infra.routes import load as load_routes
from infra.stacks.data import DataStack

# A task that goes away answers on for as long as the balancer needs to notice, then ends what is
# under way (25 s).
LEAVE_S = 15
STOP_S = 60
# What an app is scaled on besides CPU and requests: its own metric and how much of it a task has.
OWN_METRICS = {"reporting": ("RunningExports", EXPORTS), "dashboarding": ("OpenStreams", STREAMS)}
# A queue that all tasks of an app share, and how much of it waits for each.
QUEUES = {"reporting": ("WaitingRuns", WAITING_RUNS)}
# The one app that sends mail.
MAILS = "administration"


class WebService(Construct):
    """`service`, `task` and `scaling` of one of the six web apps."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        app: str,
        environment: Environment,
        delivery: Delivery,
        data: DataStack,
        vault: Vault,
        place: Place,
        cidr: str,
        balancer: elb.ApplicationLoadBalancer,
        target: elb.ApplicationTargetGroup,
    ) -> None:
        super().__init__(scope, construct_id)
        routes = load_routes()
        size = environment.services[app]
        self.task = Task(
            self,
            "Task",
            environment=environment,
            delivery=delivery,
            container=Container(
                app=app,
                cpu=size.cpu,
                memory=size.memory,
                stop_s=STOP_S,
                ports=(routes.web_port, routes.internal_port),
                variables=_variables(environment, data, app, cidr),
                secrets=variables.secrets_of_every_app(vault),
            ),
        )
        data.proxy.grant_connect(self.task.role, data.database_users[app])
        if app == MAILS:
            self.task.role.add_to_principal_policy(_may_mail(environment))
        if app in variables.FILES:
            may_keep_files(self.task, data, variables.FILES[app])
        self.service: ecs.FargateService = service(
            self,
            task=self.task,
            place=place,
            targets=[Target(arn=target.target_group_arn, port=routes.web_port)],
            minimum=size.minimum,
        )
        self.scaling = self._scale(environment, balancer, target)

    def _scale(
        self,
        environment: Environment,
        balancer: elb.ApplicationLoadBalancer,
        target: elb.ApplicationTargetGroup,
    ) -> scaling.ScalableTarget:
        app = self.task.app
        size = environment.services[app]
        policies = ServiceScaling(self, "Scaling", service=self.service, size=size)
        policies.on_cpu()
        policies.on_requests(balancer, target)
        if app in OWN_METRICS:
            name, most = OWN_METRICS[app]
            policies.on_metric(environment, app, name, most)
        if app in QUEUES:
            name, waiting = QUEUES[app]
            policies.on_queue(environment, app, name, waiting)
        return policies.target


def _may_mail(environment: Environment) -> iam.PolicyStatement:
    """Mail from this environment's domain alone, and from one address of it."""
    place = f"arn:aws:ses:{environment.region}:{environment.account}:identity"
    return iam.PolicyStatement(
        actions=["ses:SendEmail"],
        resources=[f"{place}/{environment.domain}"],
        conditions={"StringEquals": {"ses:FromAddress": variables.sender(environment)}},
    )


def _variables(
    environment: Environment, data: DataStack, app: str, cidr: str
) -> variables.Variables:
    mail = variables.of_mail(environment) if app == MAILS else {}
    files = variables.of_files(data, app) if app in variables.FILES else {}
    return (
        variables.of_every_app(environment, data, app)
        | mail
        | files
        | {
            "FORTRESS_HOST": "0.0.0.0",  # noqa: S104 - the balancer comes from outside the task
            "FORTRESS_PORT": str(load_routes().web_port),
            # Only the balancer reaches the port, and it is in this network.
            "FORTRESS_TRUSTED_PROXIES": cidr,
            "FORTRESS_LEAVE_S": str(LEAVE_S),
        }
    )
