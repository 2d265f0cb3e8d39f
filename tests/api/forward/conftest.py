"""What the tests of the door for proxies share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from forward_scene import RULES
from oauth_scene import GRADEBOOK, Scene, scene


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("proxy")
    (folder / "rules.toml").write_text(RULES, "utf-8")
    with scene(folder, forward_rules=folder / "rules.toml") as made:
        yield made


@pytest.fixture
def session(behind: Scene) -> str:
    return behind.session(GRADEBOOK)
