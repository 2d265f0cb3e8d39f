"""The example province as a register that a service may serve, for scripts that rehearse what operators do."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from sqlalchemy import update

from access_service.demonstration.province import REGISTER, build_demo
from access_service.engine.packs.load import read_pack_files
from access_service.settings import Settings
from access_service.storage.db import Database
from access_service.storage.migrate import upgrade
from access_service.storage.tables import metadata
from access_service.usecases.keys import FACTORS, OWN, SEAL, open_key
from access_service.usecases.services import Services, system_clock
from access_service.usecases.tokens.keyring import open_keyring

__all__ = ["PASSPHRASE", "REGISTER", "build", "environment", "move", "run"]

ROOT = Path(__file__).resolve().parents[1]
PASSPHRASE = "một mật khẩu chỉ để diễn tập"


def build(folder: Path) -> str:
    """An example province with every key that a service has, and its register as if it were a real one."""
    folder.mkdir()
    url = f"sqlite:///{folder / 'access.db'}"
    upgrade(url)
    settings = Settings(database_url=url, keys_dir=folder / "keys")
    db = Database(url, system_clock)
    seal, factors = (open_key(db, settings.keys_dir, own) for own in (SEAL, FACTORS))
    packs = {n: read_pack_files(settings.policy_dir, n, settings.models_dir) for n in ("hai-phong", "hai-duong")}
    build_demo(Services(db, seal, factors=factors, keys_dir=settings.keys_dir), packs)
    for own in OWN.values():
        open_key(db, settings.keys_dir, own)
    open_keyring(db, settings.keys_dir, algorithm="ES256", overlap_s=3600)
    with db.aside() as connection:
        connection.execute(update(metadata.tables["registers"]).values(demo=False))
    db.close()
    return url


def move(folder: Path, source: str, to: Path, url: str) -> None:
    """Bring the same province to PostgreSQL: a backup of one database is restored into the other."""
    to.mkdir()
    (to / "passphrase.txt").write_text(PASSPHRASE, "utf-8")
    (to / "passphrase.txt").chmod(0o600)
    said = "--passphrase-file passphrase.txt --keys"
    run(f"access-service backup moved {said} moved.age", to, environment(source, folder / "keys"))
    run(f"access-service restore moved {said} moved.age", to, environment(url, to / "keys"))
    (to / "passphrase.txt").unlink()


def environment(url: str, keys: Path) -> dict[str, str]:
    """What an operator has set."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("ACCESS_SERVICE_")}
    return {
        **kept,
        "PASSPHRASE": PASSPHRASE,
        "ACCESS_SERVICE_DATABASE_URL": url,
        "ACCESS_SERVICE_KEYS_DIR": str(keys),
        "PYTHONPATH": str(ROOT / "src"),
        "PYTHONIOENCODING": "utf-8",
    }


def run(commands: str, folder: Path, given: dict[str, str]) -> str:
    """By a shell that stops at the first error."""
    done = subprocess.run(
        ["sh", "-eu"],
        input=commands,
        cwd=folder,
        env=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"the commands ended with {done.returncode}:\n{done.stdout}")
    return done.stdout
