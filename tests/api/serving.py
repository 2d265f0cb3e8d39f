"""A school served over HTTP, beside the world that made it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from pydantic import SecretStr
from starlette.testclient import TestClient

from access_service.app import create_app
from access_service.settings import Settings
from prepared import copied, with_homeroom
from world import CLASS_6A, Someone, World

KEY = "000-khoá-thử-nghiệm"
AUTHORIZATION = {"Authorization": f"Bearer {KEY}".encode()}


@dataclass
class Served:
    """A world and a client of the service beside it, each with its own connections to one database."""

    world: World
    teacher: Someone
    client: TestClient
    folder: Path
    made: Any = None
    """What `furnish` answered."""

    def question(self, **changes: Any) -> dict[str, Any]:
        """The homeroom teacher reads a pupil's marks; members may be replaced, or left out with None."""
        question = {
            "subject": {"type": "account", "id": self.teacher.account},
            "action": {"name": "read"},
            "resource": {
                "type": "student",
                "id": "000-hs-1",
                "properties": {"category": "STU-ACA", "class": CLASS_6A},
            },
            **changes,
        }
        return {name: value for name, value in question.items() if value is not None}

    def ask(self, body: Any, path: str = "evaluation") -> Any:
        return self.client.post(f"/access/v1/{path}", json=body, headers=AUTHORIZATION)


def settings_for(folder: Path, **changes: Any) -> Settings:
    chosen = {
        "database_url": f"sqlite:///{folder}/thu.db",
        "keys_dir": folder,
        "files_dir": folder / "files",
        "job_workers": 0,
        "staleness_s": 60.0,  # a busy machine is no reason to refuse
        "api_key": SecretStr(KEY),
        "log_decisions": "all",
        "operations_public": True,
    }
    return Settings(**(chosen | changes))


def cool(app: FastAPI) -> None:
    """Let what is read at the start be read, and forget it: tests say themselves what is warm."""
    point = app.state.point
    assert point.warming.wait(60)
    point.feed.views.clear()


@contextmanager
def serving(
    folder: Path,
    *,
    world_url: str | None = None,
    furnish: Callable[[World], Any] = with_homeroom,
    **changes: Any,
) -> Iterator[Served]:
    """A world with what `furnish` adds, beside an application; `world_url` is its database as it reaches it."""
    world, made = copied(folder, furnish, world_url)
    services = world.services
    app = create_app(settings_for(folder, **changes), clock=world.clock)
    with TestClient(app, raise_server_exceptions=False) as client:
        cool(app)
        yield Served(world, world.people["gvcn"], client, folder, made)
    services.db.close()
