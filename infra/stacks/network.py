"""Where everything stands: the VPC, its way out, and who may talk to whom."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from infra.constructs.buckets import log_bucket
from infra.constructs.groups import Groups
from infra.environments import Environment
from infra.routes import Routes
from infra.routes import load as load_routes


class NetworkStack(cdk.Stack):
    """`vpc`; `private`: subnets of tasks, with a way out; `isolated`: of databases, without one;
    `public`: of load balancers; `front`: those of them where tasks run; `groups`: every security
    group with every rule between them; `logs`: the bucket for logs that AWS writes.
    `routes`: another table than that of routes.json.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        routes: Routes | None = None,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            env=cdk.Environment(account=environment.account, region=environment.region),
            description=f"Fortress {environment.name}: network",
        )
        self.logs = log_bucket(self, "Logs", days=environment.log_days)
        self.vpc = self._vpc(environment)
        here = environment.task_zones
        self.private = ec2.SubnetSelection(
            subnets=self.vpc.select_subnets(
                subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS, availability_zones=list(here)
            ).subnets
        )
        self.isolated = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
        self.public = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC)
        self.front = ec2.SubnetSelection(
            subnet_type=ec2.SubnetType.PUBLIC, availability_zones=list(here)
        )
        self.groups = Groups(self, "Groups", vpc=self.vpc, routes=routes or load_routes())
        self._tell_pipeline()
        self._endpoints(environment)

    def _vpc(self, environment: Environment) -> ec2.Vpc:
        vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(environment.cidr),
            availability_zones=list(environment.zones),
            nat_gateways=environment.nat,
            restrict_default_security_group=False,  # would bring a Lambda; nothing is put into it
            subnet_configuration=[
                _subnets("public", ec2.SubnetType.PUBLIC, 24),
                _subnets("private", ec2.SubnetType.PRIVATE_WITH_EGRESS, 20),
                _subnets("isolated", ec2.SubnetType.PRIVATE_ISOLATED, 24),
            ],
        )
        # Layers of images come from S3; through this they cost nothing and pass no NAT.
        vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3)
        vpc.add_flow_log(
            "FlowLog",
            destination=ec2.FlowLogDestination.to_s3(self.logs, "vpc"),
            traffic_type=ec2.FlowLogTrafficType.REJECT,
        )
        return vpc

    def _tell_pipeline(self) -> None:
        """Where `python -m infra.deploy` runs a task once."""
        subnets = [subnet.subnet_id for subnet in self.private.subnets or ()]
        cdk.CfnOutput(self, "TaskSubnets", value=cdk.Fn.join(",", subnets))
        cdk.CfnOutput(self, "OnceGroup", value=self.groups.migrations.security_group_id)

    def _endpoints(self, environment: Environment) -> None:
        for name in environment.endpoints:
            self.vpc.add_interface_endpoint(
                name.title().replace(".", ""),
                service=ec2.InterfaceVpcEndpointAwsService(name),
                subnets=self.private,
                security_groups=[self.groups.endpoints],
                open=False,
            )


def _subnets(name: str, kind: ec2.SubnetType, mask: int) -> ec2.SubnetConfiguration:
    public = kind is ec2.SubnetType.PUBLIC
    return ec2.SubnetConfiguration(
        name=name,
        subnet_type=kind,
        cidr_mask=mask,
        map_public_ip_on_launch=False if public else None,
    )
