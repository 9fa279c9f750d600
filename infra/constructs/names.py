"""Names and certificates: six hosts, devices, the bastion, static files."""

from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_route53 as route53
from constructs import Construct

from infra.environments import Environment


class Names(Construct):
    """`zone` (None: records are made by hand), `certificate` of the balancers."""

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment) -> None:
        super().__init__(scope, construct_id)
        self.domain = environment.domain
        self.zone = self._zone(environment)
        self.certificate = self._certificate(environment)

    def alias(self, label: str, target: route53.IAliasRecordTarget) -> None:
        """Let `label`.domain be `target`."""
        if self.zone is not None:
            route53.ARecord(
                self,
                label.title(),
                zone=self.zone,
                record_name=f"{label}.{self.domain}",
                target=route53.RecordTarget.from_alias(target),
            )

    def _zone(self, environment: Environment) -> route53.IHostedZone | None:
        if environment.hosted_zone_id is None:
            return None
        return route53.HostedZone.from_hosted_zone_attributes(
            self, "Zone", hosted_zone_id=environment.hosted_zone_id, zone_name=environment.domain
        )

    def _certificate(self, environment: Environment) -> acm.ICertificate:
        if environment.certificate is not None:
            return acm.Certificate.from_certificate_arn(
                self, "Certificate", environment.certificate
            )
        return acm.Certificate(
            self,
            "Certificate",
            domain_name=environment.domain,
            subject_alternative_names=[f"*.{environment.domain}"],
            validation=acm.CertificateValidation.from_dns(self.zone),
        )
