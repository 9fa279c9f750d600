"""CloudFront: static files and public downloads, near to people and off the apps."""

import aws_cdk as cdk
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.acknowledge import acknowledge
from infra.constructs.buckets import static_bucket
from infra.constructs.names import Names
from infra.environments import Environment
from infra.routes import load as load_routes

LABEL = "static"
DOWNLOADS = "/downloads/*"
YEAR = cdk.Duration.days(365)
# For what is opened by itself. A page that uses a file of here goes by its own policy.
POLICY = "default-src 'none'; frame-ancestors 'none'"


class Cdn(Construct):
    """`bucket`, which nobody but the CDN reads, and `distribution` at static.DOMAIN.

    Downloads here are what everybody may have: under `downloads/`, saved instead of shown. A
    person's own exports are fetched once, by one person, after the app has looked who asks; a
    cache has no use there, so they stay in the private bucket.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        logs: s3.IBucket,
        names: Names,
    ) -> None:
        super().__init__(scope, construct_id)
        self._domain = environment.domain
        self.bucket = static_bucket(self, "Static", logs=logs)
        self.distribution = self._distribution(environment, logs, names)
        names.alias_cdn(LABEL, self.distribution)

    def _distribution(
        self, environment: Environment, logs: s3.IBucket, names: Names
    ) -> cloudfront.Distribution:
        origin = origins.S3BucketOrigin.with_origin_access_control(self.bucket)
        made = cloudfront.Distribution(
            self,
            "Distribution",
            comment=f"Fortress {environment.name}: static files and downloads",
            domain_names=[f"{LABEL}.{self._domain}"],
            certificate=names.cdn_certificate,
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            price_class=cloudfront.PriceClass.PRICE_CLASS_100,
            default_behavior=self._behavior(origin, "Static", {}),
            additional_behaviors={
                DOWNLOADS: self._behavior(
                    origin, "Downloads", {"Content-Disposition": "attachment"}
                )
            },
            # The bucket answers 403 for what it does not have, as nobody may list it.
            error_responses=[
                cloudfront.ErrorResponse(
                    http_status=403, response_http_status=404, response_page_path="/404.txt"
                )
            ],
            log_bucket=logs,
            log_file_prefix="cdn/",
            log_includes_cookies=False,
        )
        acknowledge(
            made, "AwsSolutions-CFR1", "The same files for everybody: no country is kept out."
        )
        acknowledge(
            made,
            "AwsSolutions-CFR2",
            "Only GET of public files from a bucket: there is no input that rules could look at.",
        )
        return made

    def _behavior(
        self, origin: cloudfront.IOrigin, name: str, headers: dict[str, str]
    ) -> cloudfront.BehaviorOptions:
        return cloudfront.BehaviorOptions(
            origin=origin,
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
            allowed_methods=cloudfront.AllowedMethods.ALLOW_GET_HEAD,
            cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
            compress=True,
            response_headers_policy=self._headers(name, headers),
        )

    def _headers(self, name: str, headers: dict[str, str]) -> cloudfront.ResponseHeadersPolicy:
        routes = load_routes()
        hosts = [f"https://{routes.host(route, self._domain)}" for route in routes.web]
        return cloudfront.ResponseHeadersPolicy(
            self,
            f"{name}Headers",
            # The apps' pages, and no others, use fonts and modules of here.
            cors_behavior=cloudfront.ResponseHeadersCorsBehavior(
                access_control_allow_credentials=False,
                access_control_allow_headers=["*"],
                access_control_allow_methods=["GET", "HEAD"],
                access_control_allow_origins=hosts,
                origin_override=True,
            ),
            security_headers_behavior=_security(),
            custom_headers_behavior=_custom(headers),
        )


def _security() -> cloudfront.ResponseSecurityHeadersBehavior:
    return cloudfront.ResponseSecurityHeadersBehavior(
        content_security_policy=cloudfront.ResponseHeadersContentSecurityPolicy(
            content_security_policy=POLICY, override=True
        ),
        content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
        frame_options=cloudfront.ResponseHeadersFrameOptions(
            frame_option=cloudfront.HeadersFrameOption.DENY, override=True
        ),
        strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
            access_control_max_age=YEAR, include_subdomains=True, override=True
        ),
    )


def _custom(headers: dict[str, str]) -> cloudfront.ResponseCustomHeadersBehavior | None:
    if not headers:
        return None
    return cloudfront.ResponseCustomHeadersBehavior(
        custom_headers=[
            cloudfront.ResponseCustomHeader(header=header, value=value, override=True)
            for header, value in headers.items()
        ]
    )
