"""Makes `rds.pem` of the certificates that Amazon publishes.

Run `python -m infra.ca.bundle FILE.pem`: see README.md here for where a file comes from. The list
of fingerprints beside the bundle is what a review compares.
"""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

FOLDER: Final = Path(__file__).parent
BUNDLE: Final = FOLDER / "rds.pem"
LIST: Final = FOLDER / "fingerprints.txt"
OWNER: Final = "Amazon Web Services, Inc."
# Regions of Amazon's own, which no account has databases in.
CLOSED: Final = ("Beta", "Preview")


def name(certificate: x509.Certificate) -> str:
    """Its common name, e.g. `Amazon RDS us-east-1 Root CA RSA2048 G1`."""
    [found] = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found.value)


def is_root(certificate: x509.Certificate) -> bool:
    """Whether it is a root of Amazon RDS: a CA by its own word, signed by itself."""
    owners = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    if [owner.value for owner in owners] != [OWNER] or not name(certificate).startswith(
        "Amazon RDS "
    ):
        return False
    try:
        certificate.verify_directly_issued_by(certificate)
        basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except Exception:  # noqa: BLE001 - whatever does not hold, it is none
        return False
    return basic.value.ca


def in_force(certificate: x509.Certificate, at: datetime) -> bool:
    return certificate.not_valid_before_utc <= at < certificate.not_valid_after_utc


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256, as `openssl x509 -fingerprint -sha256` shows it."""
    return certificate.fingerprint(SHA256()).hex(":").upper()


def select(certificates: Sequence[x509.Certificate], at: datetime) -> list[x509.Certificate]:
    """The roots of open regions that are in force, by name."""
    fit = [one for one in certificates if is_root(one) and in_force(one, at)]
    return sorted((one for one in fit if name(one).split()[2] not in CLOSED), key=name)


def read(file: Path) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(file.read_bytes())


def listed(certificates: Sequence[x509.Certificate]) -> str:
    """One line each: the fingerprint, the day of its end, its name."""
    return "".join(
        f"{fingerprint(one)}  {one.not_valid_after_utc:%Y-%m-%d}  {name(one)}\n"
        for one in certificates
    )


def written(certificates: Sequence[x509.Certificate]) -> str:
    """The bundle: each certificate below its name."""
    return "".join(
        f"# {name(one)}\n{one.public_bytes(Encoding.PEM).decode()}" for one in certificates
    )


def main() -> int:
    chosen = select(read(Path(sys.argv[1])), datetime.now(UTC))
    if not chosen:
        sys.stderr.write(f"{sys.argv[1]} has no root of Amazon RDS that is in force\n")
        return 1
    BUNDLE.write_text(written(chosen))
    LIST.write_text(listed(chosen))
    sys.stdout.write(f"{len(chosen)} certificates; review the change of {LIST.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
