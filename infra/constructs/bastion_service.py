"""The bastion as a service: one task, port 22 outside."""

from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elb
from constructs import Construct

from infra.constructs.service import Place, Target, service
from infra.constructs.task import Container, Health, Task
from infra.constructs.vault import Vault
from infra.environments import Delivery, Environment
from infra.ports import BASTION, MYSQL
from infra.stacks.data import DataStack

APP = "bastion"
# sshd ends at once, and tunnels with it.
STOP_S = 10
LISTENS = Health(
    command=("ssh-keyscan", "-T", "3", "-p", str(BASTION), "-t", "ed25519", "127.0.0.1"),
    interval_s=30,
    timeout_s=5,
    start_s=5,
    retries=3,
)


class BastionService(Construct):
    """`service` and `task` of the bastion, whose role may do nothing at all."""

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
        target: elb.NetworkTargetGroup,
    ) -> None:
        super().__init__(scope, construct_id)
        self.task = Task(
            self,
            "Task",
            environment=environment,
            delivery=delivery,
            container=Container(
                app=APP,
                cpu=environment.bastion.cpu,
                memory=environment.bastion.memory,
                stop_s=STOP_S,
                ports=(BASTION,),
                variables={"FORTRESS_BASTION_DATABASE": f"{data.proxy_endpoint}:{MYSQL}"},
                secrets={"FORTRESS_BASTION_HOST_KEY": vault.bastion_host_key},
                health=LISTENS,
                # Its start hands signals on by itself, and sshd takes them.
                init=False,
            ),
        )
        self.service: ecs.FargateService = service(
            self,
            task=self.task,
            place=place,
            targets=[Target(arn=target.target_group_arn, port=BASTION)],
            minimum=environment.bastion.minimum,
            # There is one: it must not go because Spot is wanted elsewhere, nor to be moved.
            spot=False,
            scaled=False,
            move=False,
        )
