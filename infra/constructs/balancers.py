"""The two load balancers: the web apps by host name, devices and the bastion by port."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_route53_targets as targets
from constructs import Construct

from infra.constructs.names import Names
from infra.environments import Environment
from infra.ports import BASTION, HTTP, HTTPS, SSH, TLS_LINES, check_free
from infra.routes import Routes
from infra.stacks.network import NetworkStack

# A target that says nothing for two checks of five seconds is out, and as quickly in again.
CHECK_S = 5
CHECKS = 2
# What is under way when a task is taken out on purpose has this long to end. An export is cut off
# after it: a million rows take up to a minute here, and a slow reader longer.
DELAY_S = 15
EXPORTS_S = 120


class WebBalancer(Construct):
    """`balancer`, and `targets` by app."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        network: NetworkStack,
        names: Names,
        routes: Routes,
    ) -> None:
        super().__init__(scope, construct_id)
        self._routes = routes
        self._names = names
        self.balancer = elb.ApplicationLoadBalancer(
            self,
            "Balancer",
            vpc=network.vpc,
            vpc_subnets=network.public,
            internet_facing=True,
            security_group=network.groups.alb,
            idle_timeout=cdk.Duration.seconds(self._routes.idle_s),
            drop_invalid_header_fields=True,
            deletion_protection=environment.deletion_protection,
        )
        self.balancer.log_access_logs(network.logs, "alb")
        self.targets = {
            route.app: self._target(route.app, network.vpc) for route in self._routes.web
        }
        self._listen()

    def _target(self, app: str, vpc: ec2.IVpc) -> elb.ApplicationTargetGroup:
        return elb.ApplicationTargetGroup(
            self,
            app.title(),
            vpc=vpc,
            target_type=elb.TargetType.IP,
            protocol=elb.ApplicationProtocol.HTTP,
            port=self._routes.web_port,
            deregistration_delay=cdk.Duration.seconds(EXPORTS_S if app == "reporting" else DELAY_S),
            health_check=elb.HealthCheck(
                path=self._routes.health,
                port=str(self._routes.internal_port),
                healthy_http_codes="200",
                interval=cdk.Duration.seconds(CHECK_S),
                timeout=cdk.Duration.seconds(CHECK_S - 1),
                healthy_threshold_count=CHECKS,
                unhealthy_threshold_count=CHECKS,
            ),
        )

    def _listen(self) -> None:
        self._listen_in_the_clear()
        listener = self.balancer.add_listener(
            "Https",
            port=HTTPS,
            open=False,
            protocol=elb.ApplicationProtocol.HTTPS,
            ssl_policy=elb.SslPolicy.RECOMMENDED_TLS,
            certificates=[self._names.certificate],
            # An unknown Host reaches no app.
            default_action=elb.ListenerAction.fixed_response(
                404, content_type="text/plain", message_body="There is nothing at this host.\n"
            ),
        )
        for number, route in enumerate(self._routes.web, start=1):
            host = self._routes.host(route, self._names.domain)
            listener.add_action(
                route.app.title(),
                priority=number * 10,
                conditions=[elb.ListenerCondition.host_headers([host])],
                action=elb.ListenerAction.forward([self.targets[route.app]]),
            )
            self._names.alias(
                route.subdomain,
                targets.LoadBalancerTarget(self.balancer),
                self.balancer.load_balancer_dns_name,
            )

    def _listen_in_the_clear(self) -> None:
        plain = self.balancer.add_listener(
            "Http",
            port=HTTP,
            open=False,
            default_action=elb.ListenerAction.redirect(
                protocol="HTTPS", port=str(HTTPS), permanent=True
            ),
        )
        # A program that was redirected would show its key in the clear for ever, unnoticed.
        plain.add_action(
            "Programs",
            priority=10,
            conditions=[elb.ListenerCondition.path_patterns(["/v1/*"])],
            action=elb.ListenerAction.fixed_response(
                403,
                content_type="text/plain",
                message_body="Call this over https, and replace the key that came by http.\n",
            ),
        )


class DeviceBalancer(Construct):
    """`balancer`, `targets` by name of the line, and `bastion`."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        network: NetworkStack,
        names: Names,
        routes: Routes,
    ) -> None:
        super().__init__(scope, construct_id)
        check_free(routes)
        self._routes = routes
        self._vpc = network.vpc
        self.balancer = elb.NetworkLoadBalancer(
            self,
            "Balancer",
            vpc=network.vpc,
            vpc_subnets=network.front,
            internet_facing=True,
            # From its creation: one cannot be added later.
            security_groups=[network.groups.nlb],
            cross_zone_enabled=True,
            deletion_protection=environment.deletion_protection,
        )
        self.balancer.log_access_logs(network.logs, "nlb")
        self.targets: dict[str, elb.NetworkTargetGroup] = {}
        for route in routes.devices:
            self._line(route.name, route.port)
        self._tls("tls", routes.devices[0].port, names)
        self.bastion = self._group("Bastion", BASTION, check=None)
        self._listener("Ssh", SSH, self.bastion)
        for label in ("devices", "bastion"):
            target = targets.LoadBalancerTarget(self.balancer)
            names.alias(label, target, self.balancer.load_balancer_dns_name)

    def _line(self, name: str, port: int) -> None:
        self.targets[name] = self._group(name.title(), port, check=self._routes)
        self._listener(f"{name.title()}Listener", port, self.targets[name])

    def _tls(self, name: str, port: int, names: Names) -> None:
        self.targets[name] = self._group(name.title(), port, check=self._routes)
        elb.NetworkListener(
            self,
            f"{name.title()}Listener",
            load_balancer=self.balancer,
            port=TLS_LINES,
            protocol=elb.Protocol.TLS,
            ssl_policy=elb.SslPolicy.RECOMMENDED_TLS,
            certificates=[names.certificate],
            default_target_groups=[self.targets[name]],
        )

    def _listener(self, construct_id: str, port: int, group: elb.NetworkTargetGroup) -> None:
        elb.NetworkListener(
            self,
            construct_id,
            load_balancer=self.balancer,
            port=port,
            protocol=elb.Protocol.TCP,
            default_target_groups=[group],
        )

    def _group(
        self, construct_id: str, port: int, *, check: Routes | None
    ) -> elb.NetworkTargetGroup:
        group = elb.NetworkTargetGroup(
            self,
            construct_id,
            vpc=self._vpc,
            target_type=elb.TargetType.IP,
            protocol=elb.Protocol.TCP,
            port=port,
            # Ingest bounds what one address may do, and the bastion's log says who came; and
            # without it an address of the balancer opens some 55,000 connections to a target.
            preserve_client_ip=True,
            connection_termination=False,
            deregistration_delay=cdk.Duration.seconds(DELAY_S),
            health_check=_check(port, check),
        )
        # Off, or closing the health port while draining would cut devices that are alive.
        group.set_attribute("target_health_state.unhealthy.connection_termination.enabled", "false")
        return group


def _check(port: int, routes: Routes | None) -> elb.HealthCheck:
    """What is asked by whom knows whether it is ready; sshd is only connected to."""
    http = routes is not None
    return elb.HealthCheck(
        protocol=elb.Protocol.HTTP if http else elb.Protocol.TCP,
        path=routes.health if routes else None,
        port=str(routes.internal_port if routes else port),
        healthy_http_codes="200" if http else None,
        interval=cdk.Duration.seconds(CHECK_S),
        timeout=cdk.Duration.seconds(CHECK_S - 1),
        healthy_threshold_count=CHECKS,
        unhealthy_threshold_count=CHECKS,
    )
