"""One-time codes by the clock (RFC 6238: SHA-1, six digits, steps of 30 seconds): the only user of pyotp."""

import re
from datetime import datetime

import pyotp

STEP_S = 30
SKEW_STEPS = 1
"""A clock may be this many steps ahead or behind (RFC 6238 section 5.2)."""
NEVER = -1
"""The last step of a secret that accepted no code yet."""
_CODE = re.compile(r"[0-9]{6}", re.ASCII)


def new_totp_secret() -> str:
    """160 random bits in base32, as RFC 4226 section 4 recommends."""
    return pyotp.random_base32(32)


def code_at(secret: str, now: datetime, steps: int = 0) -> str:
    """The code that an authenticator shows `steps` after `now`."""
    return pyotp.TOTP(secret, interval=STEP_S).at(now, counter_offset=steps)


def enrolment_uri(secret: str, username: str, issuer: str) -> str:
    """The `otpauth://` address that an authenticator reads from a QR code."""
    return pyotp.TOTP(secret, interval=STEP_S).provisioning_uri(name=username, issuer_name=issuer)


def accepted_step(secret: str, code: str, now: datetime, last_step: int) -> int | None:
    """The step whose code this is, if it is later than the last one accepted; None for any other code.

    RFC 6238 section 5.2: a code is accepted once, so a step that was used, and each one before it, is over.
    """
    if _CODE.fullmatch(code) is None:
        return None
    totp = pyotp.TOTP(secret, interval=STEP_S)
    present = totp.timecode(now)
    found = None
    # Every step is compared, so that the time tells nothing of which one fits.
    for step in range(present - SKEW_STEPS, present + SKEW_STEPS + 1):
        if pyotp.utils.strings_equal(code, totp.generate_otp(step)) and step > last_step:
            found = step
    return found
