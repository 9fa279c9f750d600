"""The way of a request from a host name, or of a connection from a port, to the code that takes it.

Each step is read from the templates as synthesised; where the way ends is compared with what
compose runs. `Broken` says at which step it is not as it should be.
"""

import re
from dataclasses import dataclass
from fnmatch import fnmatch

from infra.ports import BASTION, SSH, TLS_LINES
from infra.routes import load as load_routes
from tests.infra import images
from tests.infra.cloud import Cloud, Resource, container, services, variables

ROUTES = load_routes()
BALANCING = "AWS::ElasticLoadBalancingV2::"
COMPOSE_DOMAIN = "fortress.localhost"
# Ports outside that are another way to a port of a container.
INSIDE = {SSH: BASTION, TLS_LINES: next(line.port for line in ROUTES.devices)}


class Broken(AssertionError):
    """The way does not lead where it should."""


@dataclass(frozen=True)
class Way:
    """Where a way ends: the container, its port, and how the balancer asks it for its health."""

    app: str
    port: int
    health_port: int
    health_path: str | None
    module: str


def of_host(cloud: Cloud, host: str) -> Way:
    """From a host name over HTTPS."""
    label, _, domain = host.partition(".")
    balancer = _alias(cloud, host)
    listener = _listener(cloud, balancer, 443, "HTTPS")
    default = listener.properties["DefaultActions"]
    if [action["Type"] for action in default] != ["fixed-response"]:
        raise Broken(f"a host that nobody has is not refused: {default}")
    group = _forwarded(cloud, listener, host)
    way = _from_group(cloud, balancer, group)
    _as_in_compose(way)
    passed = images.nginx().get(f"{label}.{COMPOSE_DOMAIN}")
    if passed != (way.app, way.port):
        raise Broken(f"{host} ends at {way.app}:{way.port}, in compose at {passed}")
    if variables(_task(cloud, way.app))["FORTRESS_DOMAIN"] != domain:
        raise Broken(f"{way.app} believes that it is not in {domain}")
    return way


def of_port(cloud: Cloud, port: int) -> Way:
    """From a port of the load balancer of devices."""
    names = [f"{name}.{_domain(cloud)}" for name in ("devices", "bastion")]
    balancers = {_alias(cloud, name).name: _alias(cloud, name) for name in names}
    if len(balancers) != 1:
        raise Broken(f"{names} are different balancers")
    (balancer,) = balancers.values()
    listener = _listener(cloud, balancer, port, "TLS" if port == TLS_LINES else "TCP")
    _open(cloud, balancer, port)
    (action,) = listener.properties["DefaultActions"]
    way = _from_group(cloud, balancer, cloud.at(action["TargetGroupArn"]))
    if way.port != INSIDE.get(port, port):
        raise Broken(f"port {port} leads to {way.port}, not to {INSIDE.get(port, port)}")
    if way.app != "bastion":
        _as_in_compose(way)
    return way


def _domain(cloud: Cloud) -> str:
    (task,) = [
        found
        for found in cloud.of("AWS::ECS::TaskDefinition")
        if container(found)["Name"] == "ingest"
    ]
    return variables(task)["FORTRESS_DOMAIN"]


def _alias(cloud: Cloud, host: str) -> Resource:
    records = [
        record
        for record in cloud.of("AWS::Route53::RecordSet")
        if record.properties["Name"].rstrip(".") == host and record.properties["Type"] == "A"
    ]
    if len(records) != 1:
        raise Broken(f"{host} has {len(records)} records")
    name = records[0].properties["AliasTarget"]["DNSName"].removeprefix("dualstack.")
    return cloud.at(name)


def _listener(cloud: Cloud, balancer: Resource, port: int, protocol: str) -> Resource:
    found = [
        listener
        for listener in cloud.of(f"{BALANCING}Listener")
        if listener.properties["LoadBalancerArn"] == balancer.name
        and listener.properties["Port"] == port
    ]
    if [listener.properties["Protocol"] for listener in found] != [protocol]:
        raise Broken(f"{balancer.name} does not listen on {port} with {protocol}")
    return found[0]


def _forwarded(cloud: Cloud, listener: Resource, host: str) -> Resource:
    """The target group of the first rule that takes the host."""
    rules = [
        rule.properties
        for rule in cloud.of(f"{BALANCING}ListenerRule")
        if rule.properties["ListenerArn"] == listener.name
    ]
    for rule in sorted(rules, key=lambda rule: int(rule["Priority"])):
        if all(_takes(condition, host) for condition in rule["Conditions"]):
            (action,) = rule["Actions"]
            return cloud.at(action["TargetGroupArn"])
    raise Broken(f"no rule takes {host}")


def _takes(condition: dict[str, object], host: str) -> bool:
    if condition["Field"] != "host-header":
        return False
    config = condition["HostHeaderConfig"]
    assert isinstance(config, dict)
    return any(fnmatch(host, pattern) for pattern in config["Values"])


def _from_group(cloud: Cloud, balancer: Resource, group: Resource) -> Way:
    """From a target group to the one container that is put into it."""
    found = [
        (service, target)
        for service in services(cloud).values()
        for target in service.properties["LoadBalancers"]
        if target["TargetGroupArn"] == group.name
    ]
    if len(found) != 1:
        raise Broken(f"{len(found)} services are behind {group.name}")
    service, target = found[0]
    asked = group.properties
    way = Way(
        app=target["ContainerName"],
        port=target["ContainerPort"],
        health_port=int(asked["HealthCheckPort"]),
        health_path=asked.get("HealthCheckPath"),
        module=_module(cloud.at(service.properties["TaskDefinition"]), target["ContainerName"]),
    )
    _check_container(cloud, service, way)
    _check_groups(cloud, balancer, service, way)
    if asked["Port"] != way.port or asked["TargetType"] != "ip":
        raise Broken(f"{group.name} is for {asked['Port']}, its container listens on {way.port}")
    return way


def _module(task: Resource, name: str) -> str:
    """What the image of the container runs."""
    found = container(task)
    if found["Name"] != name:
        raise Broken(f"{task.name} has no container {name}")
    image = re.fullmatch(r".*/fortress/([a-z]+):\{Tag([A-Za-z]+)\}", found["Image"])
    if image is None or image[1] != name or image[2].lower() != name:
        raise Broken(f"the container {name} runs {found['Image']}")
    if "Command" in found or "EntryPoint" in found:
        raise Broken(f"the container {name} does not run what its image says")
    return images.image(name).command[-1]


def _check_container(cloud: Cloud, service: Resource, way: Way) -> None:
    """The container listens where it is sent to, by its task, its settings and its image."""
    task = cloud.at(service.properties["TaskDefinition"])
    mapped = {mapping["ContainerPort"] for mapping in container(task)["PortMappings"]}
    told = {int(v) for k, v in variables(task).items() if re.fullmatch(r"FORTRESS_(\w+_)?PORT", k)}
    for port in (way.port, way.health_port):
        if port not in mapped:
            raise Broken(f"{way.app}: the task has no port {port}, only {sorted(mapped)}")
        if port not in images.image(way.app).ports:
            raise Broken(f"{way.app}: the image does not name port {port}")
        if way.app != "bastion" and port not in told:
            raise Broken(f"{way.app} is told to listen on {sorted(told)}, not on {port}")


def _check_groups(cloud: Cloud, balancer: Resource, service: Resource, way: Way) -> None:
    """Security groups let the balancer reach both ports: out of its own and into the service's."""
    network = service.properties["NetworkConfiguration"]["AwsvpcConfiguration"]
    (target,) = network["SecurityGroups"]
    (source,) = balancer.properties["SecurityGroups"]
    for port in {way.port, way.health_port}:
        into = _allowed(cloud, "Ingress", target, source, port)
        out = _allowed(cloud, "Egress", source, target, port)
        if not into or not out:
            raise Broken(f"{way.app}: no security group lets the balancer reach port {port}")


def _allowed(cloud: Cloud, way: str, group: str, other: str, port: int) -> bool:
    peer = "SourceSecurityGroupId" if way == "Ingress" else "DestinationSecurityGroupId"
    rules = [rule.properties for rule in cloud.of(f"AWS::EC2::SecurityGroup{way}")]
    return any(
        rule["GroupId"] == group
        and rule.get(peer) == other
        and rule["FromPort"] <= port <= rule["ToPort"]
        for rule in rules
    )


def _open(cloud: Cloud, balancer: Resource, port: int) -> None:
    (group,) = balancer.properties["SecurityGroups"]
    rules = cloud.at(group).properties["SecurityGroupIngress"]
    if not any(rule["FromPort"] <= port <= rule["ToPort"] for rule in rules):
        raise Broken(f"nobody outside may connect to port {port}")


def _as_in_compose(way: Way) -> None:
    """Compose runs the same image under the same name, with the same ports and health path."""
    service = images.compose().get(way.app)
    if service is None or not service["image"].startswith(f"fortress/{way.app}:"):
        raise Broken(f"compose does not run {way.app}")
    told = service["environment"]
    health = f"http://127.0.0.1:{told['FORTRESS_INTERNAL_PORT']}"
    asked = service["healthcheck"]["test"][-1]
    if (
        asked != f"{health}{way.health_path}"
        or int(told["FORTRESS_INTERNAL_PORT"]) != way.health_port
    ):
        raise Broken(f"{way.app}: asked for {way.health_port}{way.health_path}, compose {asked}")


def _task(cloud: Cloud, app: str) -> Resource:
    return cloud.at(services(cloud)[app].properties["TaskDefinition"])
