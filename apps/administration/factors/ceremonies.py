"""What is said to authenticators and what they answer: WebAuthn level 2, by py_webauthn.

Passkeys are of the host of administration alone (the RP ID), so that no sibling subdomain can ask
for them. They are discoverable and verify their user: a passkey is two factors by itself.
"""

import base64
import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from starlette.types import Scope
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import options_to_json_dict
from webauthn.helpers.cose import COSEAlgorithmIdentifier as Algorithm
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AuthenticationCredential,
    AuthenticatorAssertionResponse,
    AuthenticatorAttestationResponse,
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    RegistrationCredential,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from apps.administration.factors.challenges import LASTS
from apps.administration.factors.errors import PasskeyRefused
from apps.administration.factors.rules import ISSUER
from apps.administration.factors.schemas import Assertion, Registration
from shared.auth.sessions import SignedIn
from shared.settings import Settings
from shared.telemetry.clean import clean
from shared.web.returns import addresses

APP: Final = "administration"
# What every authenticator has one of (ES256), the modern one (EdDSA), and TPMs of old (RS256).
ALGORITHMS: Final = [
    Algorithm.ECDSA_SHA_256,
    Algorithm.EDDSA,
    Algorithm.RSASSA_PKCS1_v1_5_SHA_256,
]
TIMEOUT_MS: Final = int(LASTS.total_seconds() * 1000)
REQUIRED: Final = UserVerificationRequirement.REQUIRED
_TRANSPORTS: Final = {one.value: one for one in AuthenticatorTransport}

log = logging.getLogger(__name__)
T = TypeVar("T")
Known = tuple[bytes, list[str]]
"""A credential that is there, and how its authenticator is reached."""


@dataclass(frozen=True, slots=True)
class Party:
    """The relying party: `id` is what passkeys belong to, `origin` where they are used."""

    id: str
    origin: str


@dataclass(frozen=True, slots=True)
class Made:
    """A credential as its authenticator made it."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    synced: bool


def party(scope: Scope, settings: Settings) -> Party:
    """Raises `UnknownHost`."""
    known = addresses(scope, settings, APP)
    return Party(f"{APP}.{known.domain}", known.origin(APP))


def creation_options(
    of: Party, who: SignedIn, challenge: bytes, known: Iterable[Known]
) -> dict[str, Any]:
    """What `navigator.credentials.create` is called with, bytes as base64url. `known` are
    credentials that are there already. The authenticator keeps the person's public id.
    """
    options = generate_registration_options(
        rp_id=of.id,
        rp_name=ISSUER,
        user_id=who.person_public_id.encode(),
        user_name=who.email,
        user_display_name=who.name,
        challenge=challenge,
        timeout=TIMEOUT_MS,
        # What made it is not asked for: nothing is decided by it.
        attestation=AttestationConveyancePreference.NONE,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            require_resident_key=True,
            user_verification=REQUIRED,
        ),
        exclude_credentials=_descriptors(known),
        supported_pub_key_algs=ALGORITHMS,
    )
    return options_to_json_dict(options)


def request_options(of: Party, challenge: bytes, known: Iterable[Known] = ()) -> dict[str, Any]:
    """What `navigator.credentials.get` is called with. Without `known` the browser offers what
    it has: nobody says who they are first.
    """
    options = generate_authentication_options(
        rp_id=of.id,
        challenge=challenge,
        timeout=TIMEOUT_MS,
        allow_credentials=_descriptors(known),
        user_verification=REQUIRED,
    )
    return options_to_json_dict(options)


def challenge_in(client_data: bytes) -> bytes:
    """The challenge that an answer says it is for. Raises `PasskeyRefused`.

    What says that it was made in a page inside another one is refused: none of ours is.
    """
    said = _read(lambda: json.loads(client_data))
    challenge = said.get("challenge") if isinstance(said, dict) else None
    if not isinstance(challenge, str) or said.get("crossOrigin") or "topOrigin" in said:
        raise PasskeyRefused
    return _read(lambda: base64.b64decode(challenge + "=" * (-len(challenge) % 4), b"-_"))


def made(answer: Registration, of: Party, challenge: bytes) -> Made:
    """The credential of a registration. Raises `PasskeyRefused`."""
    credential = RegistrationCredential(
        id=answer.id,
        raw_id=answer.raw_id,
        response=AuthenticatorAttestationResponse(answer.client_data, answer.attestation),
    )
    found = _read(
        lambda: verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=of.id,
            expected_origin=of.origin,
            require_user_verification=True,
            supported_pub_key_algs=ALGORITHMS,
        )
    )
    if found.credential_id != answer.raw_id:
        raise PasskeyRefused
    return Made(
        found.credential_id,
        found.credential_public_key,
        found.sign_count,
        found.credential_backed_up,
    )


def count_of(answer: Assertion, of: Party, challenge: bytes, public_key: bytes) -> int:
    """The count of an assertion that the key signed. Raises `PasskeyRefused`.

    Whether the count went up is the caller's to see, in one statement with storing it.
    """
    credential = AuthenticationCredential(
        id=answer.id,
        raw_id=answer.raw_id,
        response=AuthenticatorAssertionResponse(
            answer.client_data, answer.authenticator_data, answer.signature
        ),
    )
    found = _read(
        lambda: verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=of.id,
            expected_origin=of.origin,
            credential_public_key=public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    )
    return found.new_sign_count


def _descriptors(known: Iterable[Known]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=credential_id, transports=[_TRANSPORTS[one] for one in by if one in _TRANSPORTS]
        )
        for credential_id, by in known
    ]


def _read(work: Callable[[], T]) -> T:
    try:
        return work()
    # Parsers of CBOR, COSE, X.509 and JSON, each with errors of its own, read what a peer sent.
    except Exception as error:  # noqa: BLE001 - whatever it is, it is no answer to our challenge
        log.info("an answer of a passkey was refused: %s", clean(f"{error}"))
        raise PasskeyRefused from None
