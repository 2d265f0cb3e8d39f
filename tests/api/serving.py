"""A school served over HTTP, beside the world that made it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from starlette.testclient import TestClient

from access_service.app import create_app
from access_service.settings import Settings
from world import (
    CLASS_6A,
    SCHOOL,
    Clock,
    Someone,
    World,
    found,
    hire_homeroom,
    homeroom_line,
    make_services,
    with_school,
)

KEY = "000-khoá-thử-nghiệm"
AUTHORIZATION = {"Authorization": f"Bearer {KEY}".encode()}


@dataclass
class Served:
    """A world and a client of the service beside it, each with its own connections to one database."""

    world: World
    teacher: Someone
    client: TestClient
    folder: Path

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
        "api_key": SecretStr(KEY),
        "log_decisions": "all",
        "operations_public": True,
    }
    return Settings(**(chosen | changes))


@contextmanager
def serving(folder: Path, *, world_url: str | None = None, **changes: Any) -> Iterator[Served]:
    """A world beside an application; `world_url` is the database as the world reaches it."""
    clock = Clock()
    services = make_services(world_url or f"sqlite:///{folder}/thu.db", folder, clock)
    world = with_school(found(services, clock))
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    app = create_app(settings_for(folder, **changes), clock=clock)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Served(world, teacher, client, folder)
    services.db.close()
