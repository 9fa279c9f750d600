"""Security groups: what may talk to what, all in one place."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from infra.constructs.acknowledge import acknowledge
from infra.ports import BASTION, HTTP, HTTPS, MYSQL, SSH, TLS_LINES, VALKEY
from infra.routes import Routes

KINDS = {
    "alb": "Load balancer of the web apps",
    "nlb": "Load balancer of devices and of the bastion",
    "web": "Tasks of the six web apps",
    "ingest": "Tasks of ingest",
    "bastion": "Task of the bastion",
    "migrations": "Task that migrates the database",
    "proxy": "RDS Proxy",
    "database": "Aurora",
    "valkey": "ElastiCache for Valkey",
    "endpoints": "Interface endpoints",
}
TASKS = ("web", "ingest", "bastion", "migrations")


class Groups(Construct):
    """A group for each kind of resource. A rule is written at both of its ends: what a group does
    not list goes neither in nor out. Names resolve all the same, for the VPC's own resolver is
    behind no group.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, vpc: ec2.IVpc, routes: Routes
    ) -> None:
        super().__init__(scope, construct_id)
        self._routes = routes
        self._vpc = vpc
        self._made = {name: self._group(name, text) for name, text in KINDS.items()}
        self._from_outside()
        self._to_tasks()
        self._to_data()
        self._out()
        seen = {name: self._closed(name) for name in KINDS}
        self.alb = seen["alb"]
        self.nlb = seen["nlb"]
        self.web = seen["web"]
        self.ingest = seen["ingest"]
        self.bastion = seen["bastion"]
        self.migrations = seen["migrations"]
        self.proxy = seen["proxy"]
        self.database = seen["database"]
        self.valkey = seen["valkey"]
        self.endpoints = seen["endpoints"]

    def _group(self, name: str, description: str) -> ec2.SecurityGroup:
        group = ec2.SecurityGroup(
            self, name.title(), vpc=self._vpc, description=description, allow_all_outbound=False
        )
        cdk.Tags.of(group).add("Name", f"{cdk.Stack.of(self).stack_name}/{name}")
        return group

    def _closed(self, name: str) -> ec2.ISecurityGroup:
        """What other stacks get: constructs that open groups by themselves (the proxy for its
        database, services for their balancers) leave it as it is.
        """
        return ec2.SecurityGroup.from_security_group_id(
            self, f"{name.title()}Closed", self._made[name].security_group_id, mutable=False
        )

    def _from_outside(self) -> None:
        anyone = ec2.Peer.any_ipv4()
        for port in (HTTP, HTTPS):
            self._made["alb"].add_ingress_rule(anyone, ec2.Port.tcp(port), "people and programs")
        ports = [route.port for route in self._routes.devices]
        for port in (*ports, TLS_LINES):
            self._made["nlb"].add_ingress_rule(anyone, ec2.Port.tcp(port), "devices")
        self._made["nlb"].add_ingress_rule(anyone, ec2.Port.tcp(SSH), "people with a listed key")
        acknowledge(
            self._made["alb"], "AwsSolutions-EC23", "It is the public door of six web apps."
        )
        acknowledge(
            self._made["nlb"],
            "AwsSolutions-EC23",
            "Devices come from any network. People come to the bastion from any too: it lets in"
            " listed keys only, has no shell, and forwards to the database proxy alone.",
        )
        acknowledge(
            self._made["nlb"],
            "W2508",
            "Port 22 is the bastion's: listed keys only, no shell, one place to forward to.",
        )

    def _to_tasks(self) -> None:
        routes = self._routes
        self._allow("alb", "web", routes.web_port, "requests")
        self._allow("alb", "web", routes.internal_port, "health checks")
        for route in routes.devices:
            self._allow("nlb", "ingest", route.port, f"devices: {route.name}")
        self._allow("nlb", "ingest", routes.internal_port, "health checks")
        self._allow("nlb", "bastion", BASTION, "ssh")

    def _to_data(self) -> None:
        for group in ("web", "ingest", "bastion"):
            self._allow(group, "proxy", MYSQL, "database, through the proxy")
        self._allow("proxy", "database", MYSQL, "connections of the proxy")
        self._allow("migrations", "database", MYSQL, "migrations, not through the proxy")
        for group in ("web", "ingest"):
            self._allow(group, "valkey", VALKEY, "bus")

    def _out(self) -> None:
        for group in (self._made[name] for name in TASKS):
            group.add_egress_rule(
                ec2.Peer.any_ipv4(), ec2.Port.tcp(HTTPS), "AWS: images, secrets, logs; webhooks"
            )
            self._made["endpoints"].add_ingress_rule(group, ec2.Port.tcp(HTTPS), "AWS from inside")

    def _allow(self, source: str, target: str, port: int, why: str) -> None:
        self._made[source].add_egress_rule(self._made[target], ec2.Port.tcp(port), why)
        self._made[target].add_ingress_rule(self._made[source], ec2.Port.tcp(port), why)
