"""What is reached from outside: both load balancers, certificates, names, the CDN."""

import aws_cdk as cdk
from aws_cdk import aws_elasticloadbalancingv2 as elb
from constructs import Construct

from infra.constructs.balancers import DeviceBalancer, WebBalancer
from infra.constructs.cdn import Cdn
from infra.constructs.firewall import Firewall
from infra.constructs.names import Names
from infra.environments import Environment
from infra.routes import Routes
from infra.routes import load as load_routes
from infra.stacks.network import NetworkStack


class EdgeStack(cdk.Stack):
    """`alb` with `web_targets` by app; `nlb` with `device_targets` by name of the line
    (`tls` ends at the balancer and goes to the port of `lines`) and `bastion_target`; `cdn`.
    `routes`: another table than that of routes.json.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        network: NetworkStack,
        routes: Routes | None = None,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            env=cdk.Environment(account=environment.account, region=environment.region),
            description=f"Fortress {environment.name}: edge",
        )
        table = routes or load_routes()
        self.names = Names(self, "Names", environment=environment)
        web = WebBalancer(
            self, "Web", environment=environment, network=network, names=self.names, routes=table
        )
        devices = DeviceBalancer(
            self,
            "Devices",
            environment=environment,
            network=network,
            names=self.names,
            routes=table,
        )
        if environment.waf:
            Firewall(
                self,
                "Firewall",
                environment=environment,
                balancer=web.balancer,
                api_host=f"api.{environment.domain}",
            )
        self.cdn = Cdn(self, "Cdn", environment=environment, logs=network.logs, names=self.names)
        self.alb: elb.ApplicationLoadBalancer = web.balancer
        self.web_targets: dict[str, elb.ApplicationTargetGroup] = web.targets
        self.nlb: elb.NetworkLoadBalancer = devices.balancer
        self.device_targets: dict[str, elb.NetworkTargetGroup] = devices.targets
        self.bastion_target: elb.NetworkTargetGroup = devices.bastion
