"""Settings: environment variables with the prefix `ACCESS_SERVICE_`; `docs/settings.md` lists them all.

Every one has a safe default. There is no setting for the clock: a service that decides does not choose its time.
"""

import difflib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "ACCESS_SERVICE_"
FEWEST_SIGNS = 6
SHORTEST_KEY = 16
"""Fewest characters of the static key: what answers every question of a register is no word."""
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

TESTS = "TEST_"
"""Variables of the tests begin with this, after the prefix."""
_ORCHESTRATOR = re.compile(
    r"(?:[A-Z0-9_]+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT_[0-9]+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)"
)
"""What Kubernetes and Docker put into every container beside a service that is called `access-service`."""


def _data_dir(name: str) -> Path:
    """The folder inside an installed wheel, or the one beside the sources of a checkout."""
    package = Path(__file__).resolve().parent
    packed = package / "_data" / name
    return packed if packed.is_dir() else package.parents[1] / name


class Settings(BaseSettings):
    """What an operator may choose."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="forbid", frozen=True, validate_by_name=True, validate_by_alias=True
    )

    database_url: str = Field(
        "sqlite:///./var/access.db",
        description="Database: `sqlite:///<file>` for one machine, `postgresql://…` for more than one.",
    )
    keys_dir: Path = Field(
        Path("./var/keys"),
        description="Folder of the private keys; files of mode 0600, made only for a database that knows none.",
    )
    files_dir: Path = Field(
        Path("./var/files"),
        description="Folder of the files of papers, by their hash, and of what jobs make; nodes of one service "
        "share it, and `backup` copies the papers.",
    )
    trust_dir: Path | None = Field(
        None,
        description="Folder of whom you trust to issue certificates: `roots/`, `intermediates/`, `crl/`; left out, "
        "no file that was signed elsewhere is taken (`access-service check-trust`).",
    )
    tsa_url: str | None = Field(
        None,
        pattern=r"^https?://[^/?#\s]+(/[^#\s]*)?$",
        description="Address of a timestamp authority (RFC 3161) for seals of papers; its root lies in "
        "`ACCESS_SERVICE_TRUST_DIR`. A paper never waits for it longer than ten seconds.",
    )
    fonts_dir: Path | None = Field(
        None,
        description="Folder of the family of type that papers are printed in: Tinos, Times New Roman, Liberation "
        "Serif 2 or TeX Gyre Termes; without one, what is found, at last Typst's own.",
    )
    policy_dir: Path = Field(
        default_factory=lambda: _data_dir("policy"),
        description="Folder of the policy packs; the default is the one that came with the program.",
    )
    models_dir: Path = Field(
        default_factory=lambda: _data_dir("models"),
        description="Folder of the Casbin models; the default is the one that came with the program.",
    )
    register_name: str | None = Field(
        None,
        validation_alias=f"{PREFIX}REGISTER",
        description="The register the API key is bound to; may be left out when the database has exactly one.",
    )
    api_key: SecretStr | None = Field(
        None,
        description="Static bearer key for evaluation, of at least 16 characters, for demonstrations and "
        "single-register use; without one every evaluation is 401, never open.",
    )
    api_key_search: bool = Field(False, description="May the static key search as well as evaluate?")
    public_url: str = Field(
        "http://127.0.0.1:8000",
        description="Address that callers use, without a path; https except on loopback.",
    )
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=1, le=65535, description="Port to listen on.")
    operations_public: bool = Field(
        False, description="Are `/metrics`, `/docs` and `/openapi.json` answered on that port too?"
    )
    operations_host: str = Field(
        "127.0.0.1", description="Address of the second listener, which has no TLS: keep it inside."
    )
    operations_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description="Port of a second listener for operators: `/metrics`, `/docs`, `/openapi.json`, `/healthz`, "
        "`/readyz`; none is opened when left out.",
    )
    metrics_dir: Path | None = Field(
        None,
        description="Folder that the processes of one service share: what each counts, so that any of them is "
        "scraped for all, and over SQLite which DPoP proofs were used; `serve --workers` makes one.",
    )
    acts_apart: Literal["auto", "yes", "no"] = Field(
        "no",
        description="Are pages, the management of the register and signing in served by a process of their own, so "
        "that decisions never wait for the interpreter? `auto`: where there is more than one core.",
    )
    max_connections: int = Field(
        1000, ge=1, le=100_000, description="Most connections of one process; the next is answered 503 and closed."
    )
    max_header_bytes: int = Field(
        32_768, ge=4096, le=1 << 20, description="Most bytes of a request's first line and headers; more is 431."
    )
    header_seconds: float = Field(
        10.0, gt=0, le=300, description="Longest time in seconds for a request's headers to arrive; then 408."
    )
    body_seconds: float = Field(
        30.0,
        gt=0,
        le=600,
        description="Longest time in seconds for its body to arrive, and for an answer to be taken.",
    )
    drain_seconds: float = Field(
        3.0,
        ge=0,
        le=300,
        description="How long, in seconds, after SIGTERM requests are still served while `/readyz` is 503: a "
        "little more than your load balancer takes to notice; 0: stop at once.",
    )
    tls_cert: Path | None = Field(
        None,
        description="Certificate chain (PEM) to serve https with; needs its key and an https public address.",
    )
    tls_key: Path | None = Field(
        None,
        validate_default=True,
        description="Private key (PEM, without a passphrase) of that certificate; not readable by everybody.",
    )
    forward_rules: Path | None = Field(
        None,
        description="File (TOML) that says which request through a reverse proxy asks for what: docs/proxies.md; "
        "without one every such request is refused.",
    )
    cache_mib: int = Field(
        256,
        ge=1,
        description="Memory in MiB for what a process keeps of all its registers together; what was not asked for "
        "lately goes first.",
    )
    staleness_s: float = Field(
        2.0,
        gt=0,
        le=60,
        description="Longest time in seconds without a look at the database; beyond it decisions are 503.",
    )
    poll_ms: int = Field(
        100,
        ge=10,
        le=1000,
        description="How often, in milliseconds, the database is asked whether another process has written.",
    )
    watchers: int = Field(
        200,
        ge=0,
        le=100_000,
        description="Most connections of one process that watch for changes (`GET /v1/watch`), of all connections; "
        "the next is answered 503; 0: nobody watches.",
    )
    watchers_per_client: int = Field(
        20,
        ge=1,
        le=100_000,
        description="Most of them of one client; the next is answered 429.",
    )
    job_workers: int = Field(
        2,
        ge=0,
        le=16,
        description="Most jobs (large exports) that a serving process carries out at once; 0: none here, "
        "`access-service jobs work` does.",
    )
    job_account_mib: int = Field(
        1024,
        ge=1,
        description="Most MiB of results of jobs that one account keeps: its oldest go first; a larger one fails "
        "(`result_too_large`).",
    )
    job_files_mib: int = Field(
        10_240,
        ge=1,
        description="Most MiB of results of jobs of all accounts together; the oldest go first.",
    )
    observe_days: int = Field(
        90,
        ge=1,
        le=366,
        description="How many days at most an enforcement point observes at a unit (its answers are logged and not "
        "enforced), counted from when it first did; then it is enforced.",
    )
    settle_minutes: int = Field(
        60,
        ge=0,
        le=1440,
        description="How often, in minutes, the server writes down what dates did and takes away what has had its "
        "time (`access-service settle`); 0: never.",
    )
    checkpoint_minutes: int = Field(
        10,
        ge=0,
        le=1440,
        description="How often, in minutes, the log is signed if it grew, and once more at the end; 0: this "
        "machine signs none (of several machines, one does).",
    )
    checkpoint_dirs: Annotated[tuple[Path, ...] | None, NoDecode] = Field(
        None,
        description="Folders on other machines into which every checkpoint of the log is copied, apart by `:`; "
        "a log that was cut or rewritten is found by them.",
    )
    log_public: Literal["none", "checkpoint", "tiles"] = Field(
        "checkpoint",
        description="What of the log everybody may fetch: nothing, its newest checkpoint, or its hashes too, which "
        "show how much is recorded; entries are never public.",
    )
    clock_gap_days: int = Field(
        7,
        ge=1,
        le=366,
        description="After so many days without anything recorded, a process that starts answers nothing and "
        "records nothing until `access-service clock accept` says that the clock is right.",
    )
    token_algorithm: Literal["ES256", "EdDSA"] = Field(
        "ES256",
        description="What token keys made from now on sign with; a change takes effect with `keys rotate`.",
    )
    token_seconds: int = Field(
        300,
        ge=30,
        le=3600,
        description="Longest life of an access token in seconds; never longer than what it rests on.",
    )
    key_overlap_seconds: int = Field(
        3600,
        ge=60,
        le=30 * 86400,
        validate_default=True,
        description="How long in seconds a new token key is published before it signs, and an old one counts "
        "after; at least a minute more than a token's life.",
    )
    argon2_memory_kib: int = Field(
        19_456,
        ge=19_456,
        le=1 << 20,
        description="Memory in KiB that hashing a password takes; with another one, passwords are hashed anew at "
        "sign-in.",
    )
    argon2_passes: int = Field(
        2, ge=2, le=64, description="Passes over that memory; with another number, the same."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least level that is logged, as JSON on standard error."
    )
    log_callers: bool = Field(
        False,
        description="Does the log's line of a request name the account or client that sent it, and the source "
        "address (TCVN 14423 level 3, 5.8)?",
    )
    log_decisions: Literal["none", "deny", "all"] = Field(
        "deny", description="Which decisions are logged; ids only, and never the id of a pupil or member of staff."
    )
    otlp_endpoint: str | None = Field(
        None,
        validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT",
        description="Collector that traces are sent to (OTLP over HTTP, `http://127.0.0.1:4318`), by the extra "
        "`otel`; none are made when left out. Any other `OTEL_…` variable is read by the SDK: docs/watch.md.",
    )
    otlp_traces_endpoint: str | None = Field(
        None,
        validation_alias="OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        description="The same with its path, where traces go elsewhere.",
    )

    @property
    def jobs_dir(self) -> Path:
        """Where what jobs make is kept for a week."""
        return self.files_dir / "jobs"

    @model_validator(mode="before")
    @classmethod
    def _every_variable_is_known(cls, value: Any) -> Any:
        """A misspelt variable would leave its setting at the default in silence: a limit that nobody set."""
        unknown = unknown_variables(os.environ)
        if unknown:
            raise ValueError("; ".join(unknown))
        return value

    @field_validator("api_key")
    @classmethod
    def _empty_is_none(cls, value: SecretStr | None) -> SecretStr | None:
        """An empty key would be one that everybody knows, a short one is soon guessed."""
        if value is None or not value.get_secret_value().strip():
            return None
        if len(value.get_secret_value()) < SHORTEST_KEY:
            raise ValueError(f"an API key has at least {SHORTEST_KEY} characters")
        if len(set(value.get_secret_value())) < FEWEST_SIGNS:
            raise ValueError(f"an API key has at least {FEWEST_SIGNS} different characters")
        return value

    @field_validator(
        "host",
        "operations_host",
        "database_url",
        "keys_dir",
        "files_dir",
        "policy_dir",
        "models_dir",
        mode="before",
    )
    @classmethod
    def _says_something(cls, value: object) -> object:
        """An empty address is every address of the machine, an empty folder the one that happens to be current."""
        if isinstance(value, str | Path) and not str(value).strip():
            raise ValueError("is empty: name one, or leave it out for the default")
        return value

    @field_validator(
        "tls_cert", "tls_key", "forward_rules", "metrics_dir", "fonts_dir", "operations_port", mode="before"
    )
    @classmethod
    def _empty_is_none_given(cls, value: object) -> object:
        return value or None

    @field_validator("otlp_endpoint", "otlp_traces_endpoint")
    @classmethod
    def _is_a_collector(cls, value: str | None) -> str | None:
        if not value:
            return None
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("a collector's address begins with http:// or https:// and names a host")
        return value

    @property
    def traces_to(self) -> str | None:
        """The whole address that spans are sent to; None: no traces are made."""
        if self.otlp_traces_endpoint is not None or self.otlp_endpoint is None:
            return self.otlp_traces_endpoint
        return f"{self.otlp_endpoint.removesuffix('/')}/v1/traces"

    @field_validator("checkpoint_dirs", mode="before")
    @classmethod
    def _apart_by_colons(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        parts = [part for part in value.split(":") if part.strip()]
        if any(not part.startswith("/") for part in parts):
            raise ValueError("folders are named from the root on, and stand apart by `:`")
        return tuple(Path(part) for part in parts) or None

    @field_validator("tls_key")
    @classmethod
    def _tls_is_whole(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        cert = info.data.get("tls_cert")
        if (cert is None) != (value is None):
            raise ValueError("a certificate and its key are given together")
        if cert is not None and urlsplit(info.data.get("public_url", "")).scheme != "https":
            raise ValueError("with a certificate the public address begins with https://")
        return value

    @field_validator("key_overlap_seconds")
    @classmethod
    def _outlasts_tokens(cls, value: int, info: ValidationInfo) -> int:
        if value < info.data.get("token_seconds", 0) + 60:
            raise ValueError("a key counts for at least a minute longer than the tokens that it signed")
        return value

    @field_validator("register_name")
    @classmethod
    def _named_or_none(cls, value: str | None) -> str | None:
        return value or None

    @field_validator("public_url")
    @classmethod
    def _is_safe(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("an address begins with https:// and names a host")
        if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username:
            raise ValueError("only scheme, host and port belong here")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise ValueError("http is only for loopback; use https")
        return value.rstrip("/")


def known_variables() -> list[str]:
    """The name of each setting in the environment."""
    fields = Settings.model_fields.items()
    return [str(field.validation_alias or f"{PREFIX}{name.upper()}") for name, field in fields]


def unknown_variables(names: Iterable[str]) -> list[str]:
    """One sentence for each variable that begins as ours do and is none of ours. Values are never told."""
    known, found = known_variables(), []
    for name in sorted(names):
        upper = name.upper()
        rest = upper.removeprefix(PREFIX)
        if rest == upper or upper in known or rest.startswith(TESTS) or _ORCHESTRATOR.fullmatch(rest):
            continue
        near = difflib.get_close_matches(upper, known, 1, 0.8)
        found.append(f"there is no setting `{name}`" + (f", but `{near[0]}`" if near else ""))
    return found
