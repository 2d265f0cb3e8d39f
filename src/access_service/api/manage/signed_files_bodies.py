"""What goes in and out about certificates and files that come back signed."""

from datetime import datetime

from access_service.api.manage.bodies import Id, Out, RequestBody, Secret
from access_service.api.manage.documents_bodies import SignedOut
from access_service.api.manage.sign_in_bodies import TotpText
from access_service.domain.names import DocumentState
from access_service.usecases.signed_elsewhere import FileTaken, SignatureFound


class NewKeyPage(RequestBody):
    """Ask for the page that a certificate's key signs."""

    password: Secret
    totp: TotpText | None = None
    unit: Id | None = None
    """The unit whose certificate it is, in a session of its admin account; left out, the caller's own."""
    basis: str = ""
    """For a unit's: number and day of the paper by which it has the certificate."""


class AskedForKeyOut(Out):
    """A page that waits to come back signed."""

    id: str
    expires_at: datetime


class CertificateOut(Out):
    """A certificate that the register knows. Its subject is shown, and decides nothing."""

    id: str
    person: str | None
    unit: str
    is_of_unit: bool
    sha256: str
    subject: str
    issuer: str
    serial: str
    not_before: datetime
    not_after: datetime
    basis: str
    valid_from: datetime
    valid_to: datetime | None


class CertificatesOut(Out):
    """Certificates, the newest first."""

    certificates: list[CertificateOut]


class SignatureFoundOut(Out):
    """A signature of the file."""

    field: str
    """The place: `ben-giao`, `ben-nhan`, `co-quan`."""
    certificate: CertificateOut
    stamped_at: datetime | None
    """By a trusted timestamp; null where the hour of the upload counts."""
    claimed_at: datetime | None
    """What the signer's machine said."""
    is_revocation_known: bool
    is_new: bool

    @classmethod
    def of(cls, one: SignatureFound) -> "SignatureFoundOut":
        """From what the use case found."""
        return cls(
            field=one.field,
            certificate=CertificateOut.model_validate(one.certificate),
            stamped_at=one.found.signed_at,
            claimed_at=one.found.claimed_at,
            is_revocation_known=one.found.is_revocation_known,
            is_new=one.is_new,
        )


class FileTakenOut(Out):
    """What a file that came back brought."""

    document: str
    state: DocumentState
    file: str
    """SHA-256, hex."""
    signatures: list[SignatureFoundOut]
    signed: list[SignedOut]
    """What each new signature of a side did."""

    @classmethod
    def of(cls, taken: FileTaken) -> "FileTakenOut":
        """From what the use case did."""
        return cls(
            document=taken.document.id,
            state=taken.document.state,
            file=taken.file,
            signatures=[SignatureFoundOut.of(one) for one in taken.signatures],
            signed=[SignedOut.of(one) for one in taken.signed],
        )
