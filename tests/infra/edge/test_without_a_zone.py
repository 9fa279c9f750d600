"""An environment whose names are kept elsewhere: certificates are given, records made by hand."""

from pathlib import Path

import msgspec

from infra.environments import load
from infra.routes import load as load_routes
from tests.support import variants
from tests.support.templates import every

CERTIFICATE = "arn:aws:acm:us-east-1:000000000000:certificate/12345678-1234-1234-1234-123456789012"


def test_it_has_no_records_and_says_which_to_make(tmp_path: Path) -> None:
    environment = msgspec.structs.replace(
        load("staging"),
        hosted_zone_id=None,
        certificate=CERTIFICATE,
        cdn_certificate=CERTIFICATE,
    )
    edge = variants.of(environment, tmp_path)["edge"]
    assert every(edge, "AWS::Route53::RecordSet") == []
    assert every(edge, "AWS::CertificateManager::Certificate") == []
    said = {one.get("Description", "").split(".")[0] for one in edge["Outputs"].values()}
    labels = [route.subdomain for route in load_routes().web] + ["devices", "bastion", "static"]
    assert set(labels) <= said
