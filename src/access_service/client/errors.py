"""The client's error tree.

    ClientError
    ├── AccessUnavailableError   no answer that could be relied on: treat it as a deny
    ├── AccessRequestError       the service refused the request itself: a wrong key, a body it cannot read
    └── TokenError               a token that must not be accepted

Every one has a stable `code`. Messages are lower case, without a full stop, and hold no token, key or person's id.
"""


class ClientError(Exception):
    """The root of what this client raises, but for misuse (`ValueError`, `RuntimeError`)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        """Stable; docs/client.md lists them."""
        self.message = message


class AccessUnavailableError(ClientError):
    """Nothing came back that says yes or no: no connection, too late, an answer that cannot be read, 5xx."""


class AccessRequestError(ClientError):
    """The service understood and refused: 400, 401, 403, 404, 409, 413, 422, or an OAuth error (RFC 6749, 5.2).

    `code` names the mistake: `invalid_client` a wrong secret, `invalid_scope` and `insufficient_scope` a scope that
    is lacking, `invalid_target` and `wrong_audience` another service's address, `not_authenticated` a wrong key.
    """

    def __init__(self, code: str, message: str, status: int, vi: str = "", en: str = "") -> None:
        super().__init__(code, message)
        self.status = status
        self.vi, self.en = vi, en
        """The service's sentence for people; empty where it sent none."""


class TokenError(ClientError):
    """An access token that is no proof of anything here; `code` says why."""

    def __init__(self, code: str, message: str | None = None, subject: str | None = None) -> None:
        super().__init__(code, message or code.replace("_", " "))
        self.subject = subject
        """Whose token it was, where it was good until something was taken back."""
