"""Authorities and signers that do not exist: certificates of every kind, lists of the revoked, a clock."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from asn1crypto import crl as asn1_crl
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, PdfSigner, signers
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko_certvalidator.context import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from access_service.signing.certificates import Trust

START = datetime(2026, 1, 1, tzinfo=UTC)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


@dataclass
class Leaf:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)


@dataclass
class Authority:
    """An authority with a root of its own."""

    name: str = "CA thử 000"
    root: Leaf = field(init=False)
    revoked: list[x509.Certificate] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.root = self.issue(self.name, is_ca=True, issuer=None)

    def issue(
        self,
        common: str,
        *,
        key: Key | None = None,
        is_ca: bool = False,
        issuer: Leaf | str | None = "root",
        start: datetime = START,
        days: int = 800,
        uses: tuple[str, ...] = ("digital_signature", "content_commitment"),
        extended: tuple[x509.ObjectIdentifier, ...] = (),
        algorithm: hashes.HashAlgorithm | None = None,
    ) -> Leaf:
        """A certificate; `issuer=None` signs itself."""
        own = key or ec.generate_private_key(ec.SECP256R1())
        by = self.root if issuer == "root" else issuer
        assert not isinstance(by, str)
        flags = dict.fromkeys(
            (
                "digital_signature",
                "content_commitment",
                "key_encipherment",
                "data_encipherment",
                "key_agreement",
                "key_cert_sign",
                "crl_sign",
                "encipher_only",
                "decipher_only",
            ),
            False,
        )
        flags |= dict.fromkeys(("key_cert_sign", "crl_sign") if is_ca else uses, True)
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(common))
            .issuer_name(_name(common) if by is None else by.certificate.subject)
            .public_key(own.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(**flags), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
        )
        if by is not None:
            known = by.certificate.public_key()
            builder = builder.add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(known),  # type: ignore[arg-type]
                critical=False,
            )
        if extended:
            builder = builder.add_extension(x509.ExtendedKeyUsage(extended), critical=False)
        signing = own if by is None else by.key
        return Leaf(builder.sign(signing, algorithm or hashes.SHA256()), own)

    def issue_for(self, public: Any, common: str) -> x509.Certificate:
        """A certificate for a key that somebody else keeps."""
        return (
            x509.CertificateBuilder()
            .subject_name(_name(common))
            .issuer_name(self.root.certificate.subject)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(START)
            .not_valid_after(START + timedelta(days=800))
            .sign(self.root.key, hashes.SHA256())
        )

    def revoke(self, leaf: Leaf) -> None:
        """Put it on the next list."""
        self.revoked.append(leaf.certificate)

    def crl(self, at: datetime = START + timedelta(days=200), days: int = 400) -> bytes:
        """The list as of then, in DER."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.root.certificate.subject)
            .last_update(at)
            .next_update(at + timedelta(days=days))
        )
        for one in self.revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(one.serial_number).revocation_date(at)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(self.root.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def proofs(self, *crls: bytes) -> ValidationContext:
        """What a signer's program puts into the file, so that it can be checked later."""
        return ValidationContext(
            trust_roots=[asn1_x509.Certificate.load(self.root.der)],
            crls=[asn1_crl.CertificateList.load(one) for one in crls],
            allow_fetching=False,
            revocation_mode="soft-fail",
        )

    def trust(self, *crls: bytes) -> Trust:
        """Whoever trusts this authority."""
        return Trust(roots=(self.root.der,), crls=crls)

    def stamper(
        self, at: datetime | None = None, extended: Any = ExtendedKeyUsageOID.TIME_STAMPING
    ) -> DummyTimeStamper:
        """A clock of this authority (RFC 3161) that needs no network; its hour is `at`, or now."""
        key = rsa.generate_private_key(65537, 2048)
        leaf = self.issue("Đồng hồ thử 000", key=key, uses=("digital_signature",), extended=(extended,))
        return DummyTimeStamper(
            tsa_cert=asn1_x509.Certificate.load(leaf.der),
            tsa_key=_key_info(key),
            certs_to_embed=_store(self.root),
            fixed_dt=at,
        )


def _key_info(key: Key) -> asn1_keys.PrivateKeyInfo:
    return asn1_keys.PrivateKeyInfo.load(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))


def _store(*leaves: Leaf) -> SimpleCertificateStore:
    store = SimpleCertificateStore()
    store.register_multiple(asn1_x509.Certificate.load(leaf.der) for leaf in leaves)
    return store


def signer_of(leaf: Leaf, *chain: Leaf) -> signers.SimpleSigner:
    """As pyHanko signs."""
    return signers.SimpleSigner(
        signing_cert=asn1_x509.Certificate.load(leaf.der),
        signing_key=_key_info(leaf.key),
        cert_registry=_store(*chain),
    )


def sign_elsewhere(
    pdf: bytes,
    field_name: str,
    leaf: Leaf,
    *chain: Leaf,
    digest: str = "sha256",
    subfilter: SigSeedSubFilter = SigSeedSubFilter.PADES,
    stamper: DummyTimeStamper | None = None,
    lasting: ValidationContext | None = None,
) -> bytes:
    """What a signer's own program makes of the file; with `lasting` and a clock, with proofs for later."""
    out = io.BytesIO()
    metadata = PdfSignatureMetadata(
        field_name=field_name,
        md_algorithm=digest,
        subfilter=subfilter,
        embed_validation_info=lasting is not None,
        use_pades_lta=lasting is not None,
        validation_context=lasting,
    )
    PdfSigner(metadata, signer_of(leaf, *chain), timestamper=stamper).sign_pdf(
        IncrementalPdfFileWriter(io.BytesIO(pdf)), output=out
    )
    return out.getvalue()
