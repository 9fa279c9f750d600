"""Whom Aurora's own endpoints are verified against."""

import ssl
import tomllib
from datetime import UTC, datetime

import pytest
import trustme
from cryptography import x509

from infra.ca import bundle
from tests.support.servers import ROOT

CERTIFICATES = bundle.read(bundle.BUNDLE)
NAMES = [bundle.name(one) for one in CERTIFICATES]


@pytest.mark.parametrize("certificate", CERTIFICATES, ids=NAMES)
def test_each_certificate_is_a_root_of_amazon_rds_in_force(certificate: x509.Certificate) -> None:
    assert bundle.is_root(certificate)
    assert bundle.in_force(certificate, datetime.now(UTC))


def test_the_list_of_fingerprints_is_that_of_the_bundle() -> None:
    assert bundle.LIST.read_text() == bundle.listed(CERTIFICATES)
    assert bundle.BUNDLE.read_text() == bundle.written(CERTIFICATES)
    assert len(set(NAMES)) == len(NAMES)


def test_verifying_takes_all_of_them() -> None:
    context = ssl.create_default_context(cafile=bundle.BUNDLE)
    context_alone = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context_alone.load_verify_locations(bundle.BUNDLE)
    assert len(context_alone.get_ca_certs()) == len(CERTIFICATES)
    assert context.verify_mode is ssl.CERT_REQUIRED


def test_each_environment_is_in_a_region_whose_roots_are_here() -> None:
    configured = tomllib.loads((ROOT / "infra" / "environments.toml").read_text())
    regions = {configured[name]["region"] for name in ("staging", "production")}
    assert regions <= {name.split()[2] for name in NAMES}


def test_others_are_left_out_when_a_bundle_is_made() -> None:
    other = x509.load_pem_x509_certificates(trustme.CA().cert_pem.bytes())
    now = datetime.now(UTC)
    assert bundle.select([*other, *CERTIFICATES], now) == CERTIFICATES
    assert bundle.select(CERTIFICATES, datetime(2200, 1, 1, tzinfo=UTC)) == []
