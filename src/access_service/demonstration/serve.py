"""The demonstration: build the example province once, serve it on loopback, and say in a file how to try it.

Its passwords stand in a file, so its register is marked and `serve` refuses the database. A start finds the example
as it was left, unless an answer it promises no longer holds (somebody revoked it, a new school year began): then it
is built anew, and what stood there is kept beside it and named.
"""

import fcntl
import json
import os
import signal
import socket
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from pydantic import SecretStr

from access_service.api.http.listener import LISTENING
from access_service.app import create_app
from access_service.demonstration.province import REGISTER, DemoAccount, build_demo, question_of
from access_service.domain.audit import instant
from access_service.domain.errors import AccessServiceError, UnavailableError
from access_service.domain.names import AccountId
from access_service.engine.memory import Memory
from access_service.engine.packs.load import read_pack_files
from access_service.live.decision_point import DecisionPoint
from access_service.live.revisions import revision_text
from access_service.settings import Settings
from access_service.signing.keys import SEAL_KEY, load_or_create
from access_service.signing.passwords import new_secret
from access_service.signing.vault import FactorKey
from access_service.storage.accounts import credential_of
from access_service.storage.connecting import make_folder
from access_service.storage.db import Database
from access_service.storage.migrate import upgrade
from access_service.usecases.services import Services, system_clock

VERSION = 1
PACKS = ("hai-phong", "hai-duong")
READY_WITHIN_S = 60
FRESH = timedelta(days=40)
"""An example that is older is built anew: accounts that nobody uses are closed after 45 days."""
Say = Callable[[str], None]


class Server(uvicorn.Server):
    """Ends with status 0 on SIGTERM and SIGINT: being stopped is how a demonstration ends."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle both signals and do not raise them again afterwards."""

        def stop(_signal: int, _frame: FrameType | None) -> None:
            self.should_exit = True

        before = {s: signal.signal(s, stop) for s in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def run_demo(*, port: int, data_dir: Path, output: Path, say: Say = print) -> None:
    """Build if need be, serve on 127.0.0.1 until a signal, write `output` (mode 0600) once `/readyz` answers.

    Raises `UnavailableError` when the port is taken, another demonstration has the folder, or the example cannot be
    built.
    """
    _check_port(port)
    make_folder(data_dir)
    with _alone(data_dir):
        output.unlink(missing_ok=True)
        with _stoppable():
            told = _kept(data_dir)
            if told is None:
                _set_aside(data_dir, say)
                told = _build(data_dir, say)
        _serve(told, port=port, data_dir=data_dir, output=output, say=say)


def _serve(told: dict[str, Any], *, port: int, data_dir: Path, output: Path, say: Say) -> None:
    # A browser has passkeys at names alone; the name is this machine's.
    base_url = f"http://localhost:{port}"
    settings = _settings(data_dir, api_key=SecretStr(told["api_key"]), public_url=base_url, port=port)
    app = create_app(settings, allow_demo=True)
    server = Server(uvicorn.Config(app, host="127.0.0.1", port=port, timeout_graceful_shutdown=5, **LISTENING))

    def announce() -> None:
        if _is_ready(base_url, server):
            point: DecisionPoint = app.state.point
            told.update(
                base_url=base_url,
                clients=[{**client, "resource": client["resource"] or base_url} for client in told["clients"]],
                now=instant(app.state.services.db.now()),
                revision=revision_text(point.advance(REGISTER)),
            )
            _write(output, told)
            say(f"Sẵn sàng: {base_url}  ({output.name})")
            name, password = told["begin_with"]["username"], told["begin_with"]["password"]
            say(f"Trang web: {base_url}  Tên đăng nhập: {name}  Mật khẩu: {password}")

    waiting = threading.Thread(target=announce, daemon=True)
    waiting.start()
    server.run()
    waiting.join(timeout=5)


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise UnavailableError(f"port {port} on 127.0.0.1 cannot be used: {error.strerror}") from error


@contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    """Keep a second demonstration, on another port, from building over the first one's database."""
    with (data_dir / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UnavailableError(
                f"another demonstration is running from `{data_dir}`; stop it or name another folder with --data"
            ) from error
        yield


@contextmanager
def _stoppable() -> Iterator[None]:
    """SIGTERM while the example is being built ends it as it ends the server: with status 0."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        sys.exit(0)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _settings(data_dir: Path, **more: Any) -> Settings:
    """Settings of the demonstration; what stands in the environment is for real services and is not read."""
    return Settings(
        drain_seconds=0,
        database_url=f"sqlite:///{data_dir / 'access.db'}",
        keys_dir=data_dir / "keys",
        files_dir=data_dir / "files",
        register_name=REGISTER,
        host="127.0.0.1",
        log_level="warning",
        log_decisions="none",
        operations_public=True,
        **more,
    )


def _kept(data_dir: Path) -> dict[str, Any] | None:
    """What an earlier start built, if everything it promises still holds."""
    try:
        told: dict[str, Any] = json.loads((data_dir / "demo.json").read_text("utf-8"))
        if told["version"] != VERSION or not (data_dir / "access.db").exists():
            return None
        if any("totp_secret" not in account for account in told["accounts"] if account["kind"] == "admin"):
            # Built before admin accounts had a second factor: nobody could sign in as the file says.
            return None
        if not told["clients"] or not told["begin_with"]:
            return None
        upgrade(_settings(data_dir).database_url)
        db = Database(_settings(data_dir).database_url, system_clock, memory=Memory())
        try:
            return told if _still_holds(db, told) else None
        finally:
            db.close()
    except (OSError, ValueError, KeyError, TypeError, AccessServiceError):
        return None


def _still_holds(db: Database, told: dict[str, Any]) -> bool:
    """Does every question have the answer that the file says, and can the revocable grant be revoked?"""
    with db.connect() as connection:
        actor = credential_of(connection, REGISTER, AccountId(told["revocable"]["actor"]))
    if actor is None or actor.password_set_at is None or db.now() >= actor.password_set_at + FRESH:
        # Later on, sign-in asks for new passwords, and not for those of the file.
        return False
    point = DecisionPoint(db)
    asked = [(d["request"], d["expected"], d.get("reason")) for d in told["decisions"]]
    for request, expected, reason in [*asked, (told["revocable"]["request"], True, None)]:
        decision = point.decide(REGISTER, question_of(request)).decision
        if bool(decision) != expected or (reason and getattr(decision, "reason", None) != reason):
            return False
    return True


def _set_aside(data_dir: Path, say: Say) -> None:
    """Keep the database that no longer answers as promised: somebody may have worked in it."""
    before = data_dir / "access.db"
    if not before.exists():
        return
    number = next(n for n in count(1) if not (data_dir / f"access.{n}.db").exists())
    for suffix in ("-wal", "-shm", ""):
        if (data_dir / f"access.db{suffix}").exists():
            (data_dir / f"access.db{suffix}").rename(data_dir / f"access.{number}.db{suffix}")
    say(
        f"Dữ liệu trình diễn trước đây không còn trả lời như tệp demo.json đã ghi; giữ lại tại "
        f"{data_dir / f'access.{number}.db'}, và dựng bản mới. / The former demonstration no longer answers as its "
        "file says; it is kept there, and a new one is built."
    )


def _build(data_dir: Path, say: Say) -> dict[str, Any]:
    """Build beside, then put in place: a start that is killed half-way leaves nothing half-built."""
    fresh = data_dir / "building.db"
    for suffix in ("", "-wal", "-shm"):
        for name in ("building.db", "access.db"):
            (data_dir / f"{name}{suffix}").unlink(missing_ok=True)
    settings = _settings(data_dir)
    upgrade(f"sqlite:///{fresh}")
    db = Database(f"sqlite:///{fresh}", system_clock, memory=Memory())
    try:
        seal, factors = load_or_create(settings.keys_dir / SEAL_KEY), FactorKey.load(settings.keys_dir)
        services = Services(db, seal, factors=factors)
        packs = {name: read_pack_files(settings.policy_dir, name, settings.models_dir) for name in PACKS}
        demo = build_demo(services, packs, say)
        db.checkpoint()
    finally:
        db.close()
    fresh.replace(data_dir / "access.db")
    told = {
        "version": VERSION,
        "base_url": "",
        "api_key": new_secret(),
        "now": "",
        "register": REGISTER,
        "revision": "",
        "accounts": [_account(account) for account in demo.accounts],
        "decisions": [{k: v for k, v in asdict(decision).items() if v is not None} for decision in demo.decisions],
        "revocable": demo.revocable,
        "clients": [asdict(client) for client in demo.clients],
        "begin_with": next(
            {"username": a.username, "password": a.password} for a in demo.accounts if a.username == demo.begin_with
        ),
    }
    _write(data_dir / "demo.json", told)
    return told


def _account(account: DemoAccount) -> dict[str, Any]:
    """An account as the file names it: a second factor only where it has one."""
    told = {**asdict(account), "kind": str(account.kind)}
    return told if account.totp_secret is not None else {k: v for k, v in told.items() if k != "totp_secret"}


def _is_ready(base_url: str, server: uvicorn.Server) -> bool:
    """Wait for `/readyz`, as long as the server lives."""
    tick = threading.Event()
    for _ in range(READY_WITHIN_S * 20):
        if server.should_exit:
            return False
        try:
            with urllib.request.urlopen(f"{base_url}/readyz", timeout=2) as answer:  # noqa: S310 loopback
                if answer.status == 200:  # noqa: PLR2004
                    return True
        except OSError:
            tick.wait(0.05)
    return False


def _write(path: Path, told: dict[str, Any]) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(told, file, ensure_ascii=False, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
