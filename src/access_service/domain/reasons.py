"""Why an answer is deny, and why an act is refused: the public codes (architecture section 3).

Both lists grow only by addition; a retired code stays reserved. Sentences live in `text.py`, and
`docs/reasons.md` documents each code; a test compares the three.
"""

from enum import StrEnum


class Reason(StrEnum):
    """A decision's deny code. The order of the members is the order of the stages a grant passes."""

    # An enum hashes its name in Python; a reason is its text, and found in a table at every deny.
    __hash__ = str.__hash__

    RESOURCE_INCOMPLETE = "resource_incomplete"
    RESOURCE_CONTRADICTORY = "resource_contradictory"
    UNKNOWN_ACTION = "unknown_action"
    ACCOUNT_UNKNOWN = "account_unknown"
    ACCOUNT_NOT_ACTIVE = "account_not_active"
    UNIT_SUSPENDED = "unit_suspended"
    AUTHORITY_SUSPENDED = "authority_suspended"
    NO_POLICY = "no_policy"
    NO_GRANT = "no_grant"
    ACTION_NOT_IN_ROLE = "action_not_in_role"
    OUTSIDE_CATEGORY = "outside_category"
    OUTSIDE_UNIT = "outside_unit"
    OUTSIDE_LEVEL = "outside_level"
    OUTSIDE_GRADE = "outside_grade"
    OUTSIDE_CLASS = "outside_class"
    OUTSIDE_SUBJECT = "outside_subject"
    OUTSIDE_YEAR = "outside_year"
    MINUTES_UNSIGNED = "minutes_unsigned"
    COMMITMENT_MISSING = "commitment_missing"
    COMMITMENT_OUTDATED = "commitment_outdated"
    APPROVAL_MISSING = "approval_missing"
    OUTSIDE_APPROVAL = "outside_approval"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    CONFIRMATION_LAPSED = "confirmation_lapsed"
    GRANT_SUSPENDED = "grant_suspended"
    GRANT_ENDED = "grant_ended"
    ASSIGNMENT_ENDED = "assignment_ended"
    PERIOD_LOCKED = "period_locked"
    DENIED_BY_RULE = "denied_by_rule"


_STAGES = (
    (Reason.RESOURCE_INCOMPLETE, Reason.RESOURCE_CONTRADICTORY, Reason.UNKNOWN_ACTION),
    (Reason.ACCOUNT_UNKNOWN, Reason.ACCOUNT_NOT_ACTIVE),
    (Reason.UNIT_SUSPENDED, Reason.AUTHORITY_SUSPENDED),
    (Reason.NO_POLICY,),
    (Reason.NO_GRANT,),
    (Reason.ACTION_NOT_IN_ROLE, Reason.OUTSIDE_CATEGORY),
    (
        Reason.OUTSIDE_UNIT,
        Reason.OUTSIDE_LEVEL,
        Reason.OUTSIDE_GRADE,
        Reason.OUTSIDE_CLASS,
        Reason.OUTSIDE_SUBJECT,
        Reason.OUTSIDE_YEAR,
    ),
    (
        Reason.MINUTES_UNSIGNED,
        Reason.COMMITMENT_MISSING,
        Reason.COMMITMENT_OUTDATED,
        Reason.APPROVAL_MISSING,
        Reason.OUTSIDE_APPROVAL,
    ),
    (
        Reason.NOT_YET_VALID,
        Reason.EXPIRED,
        Reason.CONFIRMATION_LAPSED,
        Reason.GRANT_SUSPENDED,
        Reason.GRANT_ENDED,
        Reason.ASSIGNMENT_ENDED,
    ),
    (Reason.PERIOD_LOCKED, Reason.DENIED_BY_RULE),
)

DEPTH: dict[Reason, int] = {reason: depth for depth, reason in enumerate(r for stage in _STAGES for r in stage)}
"""How far a grant got before this reason stopped it; the largest among an account's grants is reported."""


class Refusal(StrEnum):
    """Why an act of delegation was refused. HTTP statuses for these live in `api/http/errors.py` only."""

    ACCOUNT_NOT_ACTIVE = "account_not_active"
    ALGORITHM_WEAK = "algorithm_weak"
    APPROVAL_MISSING = "approval_missing"
    ASSIGNMENT_MISSING = "assignment_missing"
    BATCH_TOO_LARGE = "batch_too_large"
    BYTE_RANGE = "byte_range"
    CEREMONY_EXPIRED = "ceremony_expired"
    CEREMONY_UNKNOWN = "ceremony_unknown"
    CERTIFICATE_REVOKED = "certificate_revoked"
    CERTIFICATE_TAKEN = "certificate_taken"
    CERTIFICATE_TIME = "certificate_time"
    CERTIFICATE_UNTRUSTED = "certificate_untrusted"
    CHANGED_BESIDE_SIGNING = "changed_beside_signing"
    CLOSED_YEAR = "closed_year"
    CONSEQUENCES_CHANGED = "consequences_changed"
    CONTENT_MISSING = "content_missing"
    CREDENTIAL_UNKNOWN = "credential_unknown"
    CREDENTIALS_WRONG = "credentials_wrong"
    CUSTODY_TAKEN = "custody_taken"
    CUSTODY_VACANT = "custody_vacant"
    CYCLE = "cycle"
    DEPTH_EXCEEDED = "depth_exceeded"
    DOCUMENT_CHANGED = "document_changed"
    DOCUMENT_STATE = "document_state"
    DUPLICATE = "duplicate"
    DUTIES_SEPARATED = "duties_separated"
    EXTERNAL_ID_AMBIGUOUS = "external_id_ambiguous"
    EXTERNAL_ID_TAKEN = "external_id_taken"
    FORBIDDEN = "forbidden"
    FREQUENCY_EXCEEDED = "frequency_exceeded"
    GRANT_ENDED = "grant_ended"
    GRANT_SUSPENDED = "grant_suspended"
    HAND_BACK_DUE = "hand_back_due"
    IDEMPOTENCY_MISMATCH = "idempotency_mismatch"
    INSUFFICIENT_SCOPE = "insufficient_scope"
    INVALID = "invalid"
    JOB_NOT_DONE = "job_not_done"
    KEY_USAGE = "key_usage"
    LEVEL_REQUIRED = "level_required"
    LOCKED_OUT = "locked_out"
    METHOD_FORBIDDEN = "method_forbidden"
    NO_POLICY = "no_policy"
    NO_SIGNATURE = "no_signature"
    NOT_AUTHENTICATED = "not_authenticated"
    NOT_CUSTODIAN = "not_custodian"
    NOT_DIRECT_MANAGER = "not_direct_manager"
    NOT_FOUND = "not_found"
    NOT_PDF = "not_pdf"
    NOT_SHOWN = "not_shown"
    NOT_WHOLE_FILE = "not_whole_file"
    NUMBER_OUT_OF_ORDER = "number_out_of_order"
    NUMBER_TAKEN = "number_taken"
    OPERATOR_ONLY = "operator_only"
    ORIGIN_WRONG = "origin_wrong"
    PADDING = "padding"
    PASSWORD_DUE = "password_due"  # noqa: S105 a code, no password
    PDF_NOT_OURS = "pdf_not_ours"
    PRECONDITION_MISSING = "precondition_missing"
    RECOVERY_WAITING = "recovery_waiting"
    REDELEGATION_FORBIDDEN = "redelegation_forbidden"
    REVOCATION_UNKNOWN = "revocation_unknown"
    ROLE_NOT_ALLOWED = "role_not_allowed"
    SECOND_FACTOR_DUE = "second_factor_due"
    SECOND_FACTOR_REQUIRED = "second_factor_required"
    SECOND_FACTOR_WRONG = "second_factor_wrong"
    SELF_SERVICE = "self_service"
    SHEET_FORMULA = "sheet_formula"
    SHEET_LOCKED = "sheet_locked"
    SHEET_NO_HEADING = "sheet_no_heading"
    SHEET_OLD_FORMAT = "sheet_old_format"
    SHEET_TOO_LARGE = "sheet_too_large"
    SHEET_UNREADABLE = "sheet_unreadable"
    SIGNATURE_BAD = "signature_bad"
    SIGNATURE_BROKEN = "signature_broken"
    SIGNATURE_TOO_WEAK = "signature_too_weak"
    SIGNED_ALREADY = "signed_already"
    SIGNER_NO_CAPACITY = "signer_no_capacity"
    SIGNER_NOT_LEADER = "signer_not_leader"
    SIGNER_NOT_NAMED = "signer_not_named"
    SIGNER_UNKNOWN = "signer_unknown"
    SIGNER_WRONG_SIDE = "signer_wrong_side"
    STALE_VERSION = "stale_version"
    STATEMENT_CHANGED = "statement_changed"
    SUCCESSOR_MISSING = "successor_missing"
    SUSPENDED = "suspended"
    TOKEN_REVOKED = "token_revoked"  # noqa: S105 a code, no secret
    TOO_MANY_JOBS = "too_many_jobs"
    TOO_MANY_WATCHERS = "too_many_watchers"
    USER_NOT_VERIFIED = "user_not_verified"
    WIDER_THAN_AUTHORITY = "wider_than_authority"
    WRONG_AUDIENCE = "wrong_audience"
