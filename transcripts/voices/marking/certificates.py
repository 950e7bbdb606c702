"""What speech is signed with: the operator's certificate, or one that this installation made.

`STT_C2PA_CERT` (PEM, the signing certificate first, then its issuers) and `STT_C2PA_KEY`, else a
root and a certificate of our own (ES256), made when something is first signed, for ten years. They
lie in the database, the key encrypted, so that all processes and machines sign as one; nothing is
asked of the network, neither a time stamp nor whether a certificate was revoked.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from stt_web.core.encryption import decrypt, encrypt
from transcripts.voices.models import SigningCertificate

_LASTS = timedelta(days=3650)
_ORGANIZATION = "Open STT"
_LOCK_ID = 1


class SigningError(Exception):
    """Nothing can be signed: the operator's certificate or key can't be used."""


@dataclass(frozen=True)
class SigningIdentity:
    """`chain`, `key` and `root` are PEM; `algorithm` is C2PA's name: es256, ps256, ed25519 …"""

    chain: str
    key: str
    root: str
    algorithm: str


def find_identity() -> SigningIdentity:
    """Return what is signed with, made where there is none yet. Raises SigningError.

    One query, two and a second of work at the first time.
    """
    if settings.C2PA_CERT:
        return _read_files(settings.C2PA_CERT, settings.C2PA_KEY)
    row = SigningCertificate.objects.order_by("pk").last() or _make_row()
    return SigningIdentity(row.chain, decrypt(row.key), row.root, "es256")


def trusted_roots() -> str:
    """Return the roots of all that this installation signed with, as PEM. One query."""
    own = list(SigningCertificate.objects.order_by("pk").values_list("root", flat=True))
    if settings.C2PA_CERT:
        own.append(_read_files(settings.C2PA_CERT, settings.C2PA_KEY).root)
    return "".join(own)


def _make_row() -> SigningCertificate:
    """The race: two workers that sign for the first time. The row's fixed id decides; one stays."""
    chain, key, root = make_certificate(timezone.now())
    with transaction.atomic():
        row, _ = SigningCertificate.objects.get_or_create(
            pk=_LOCK_ID, defaults={"chain": chain, "key": encrypt(key), "root": root}
        )
    return row


@sensitive_variables()
def make_certificate(now: datetime) -> tuple[str, str, str]:
    """Return chain, key and root: PEM. As C2PA 2.2, 14.5 wants them: a signing certificate that is
    not its own issuer, for digital signatures, with an extended use.
    """
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = _sign(
        _begin("Open STT root", "Open STT root", authority_key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True),
        authority_key,
    )
    leaf = _sign(
        _begin("AI-generated speech", "Open STT root", key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()),
            critical=False,
        ),
        authority_key,
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    return _as_pem(leaf) + _as_pem(root), pem, _as_pem(root)


def _begin(
    name: str, issuer: str, key: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))  # clocks differ
        .not_valid_after(now + _LASTS)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANIZATION),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _sign(builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    return builder.sign(key, hashes.SHA256())


def _as_pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


@lru_cache(maxsize=4)
def _read_files(certificate: str, key: str) -> SigningIdentity:
    try:
        chain, pem = Path(certificate).read_text(), Path(key).read_text()
        certificates = x509.load_pem_x509_certificates(chain.encode())
        private = serialization.load_pem_private_key(pem.encode(), None)
    except (OSError, ValueError, TypeError) as error:
        raise SigningError(
            f"STT_C2PA_CERT ({certificate}) or STT_C2PA_KEY can't be read: {error}."
        ) from error
    if certificates[0].public_key() != private.public_key():
        raise SigningError("STT_C2PA_KEY is not the key of the first certificate in STT_C2PA_CERT.")
    return SigningIdentity(chain, pem, _as_pem(certificates[-1]), _algorithm_of(private))


def _algorithm_of(key: PrivateKeyTypes) -> str:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return {256: "es256", 384: "es384", 521: "es512"}.get(key.key_size, "es256")
    if isinstance(key, rsa.RSAPrivateKey):
        return "ps256"
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    raise SigningError("STT_C2PA_KEY must be an EC, RSA or Ed25519 key.")
