"""Names and certificates: six hosts, devices, the bastion, static files."""

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_route53_targets as targets
from constructs import Construct

from infra.environments import Environment


class Names(Construct):
    """`certificate` of the balancers and `cdn_certificate`; a record for each name, where the zone
    is ours. Without a zone they are made by hand: the stack's outputs say which.
    """

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment) -> None:
        super().__init__(scope, construct_id)
        self.domain = environment.domain
        self.zone = self._zone(environment)
        self.certificate = self._certificate(environment)
        self.cdn_certificate = self._cdn_certificate(environment)

    def alias(self, label: str, target: route53.IAliasRecordTarget, address: str) -> None:
        """Let `label`.domain be `target`, whose own name is `address`."""
        name = f"{label}.{self.domain}"
        if self.zone is None:
            cdk.CfnOutput(
                self, label.title(), value=address, description=f"{name} has to be a CNAME of this"
            )
            return
        route53.ARecord(
            self,
            label.title(),
            zone=self.zone,
            record_name=name,
            target=route53.RecordTarget.from_alias(target),
        )

    def alias_cdn(self, label: str, distribution: cloudfront.IDistribution) -> None:
        """Let `label`.domain be the CDN's, with the addresses of both kinds that it has."""
        target = targets.CloudFrontTarget(distribution)
        self.alias(label, target, distribution.distribution_domain_name)
        if self.zone is not None:
            route53.AaaaRecord(
                self,
                f"{label.title()}6",
                zone=self.zone,
                record_name=f"{label}.{self.domain}",
                target=route53.RecordTarget.from_alias(target),
            )

    def _cdn_certificate(self, environment: Environment) -> acm.ICertificate:
        """CloudFront takes certificates of us-east-1 only."""
        if environment.cdn_certificate is None:
            return self.certificate
        return acm.Certificate.from_certificate_arn(
            self, "CdnCertificate", environment.cdn_certificate
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
