"""Both wheels that `scripts/build` makes, each installed into an empty environment and used (record 0077)."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from processes import answers, free_port, wait_for

from environments import Environment, clean

ROOT = Path(__file__).parents[2]
IMPORT_BOTH = "import access_service.app, access_service.client; print(access_service.client.AccessClient.__name__)"
ASK = """
from access_service.client import AccessClient, StaticKey, unit
with AccessClient({url!r}, StaticKey({key!r}), timeout_s=60) as access:
    decision = access.check("acc_000", "read", unit("31", category="STA"))
print(decision.is_answer, decision.code, decision.revision is not None)
"""
KEY = "000-wheel-key-000"
FOUND = """init --register hai-phong --unit 31 --name 000 --director 000 --decision-number 000/QĐ-UBND
 --decision-date 02/01/2024 --focal-point 000 --policy hai-phong"""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """By the name of the distribution."""
    folder = tmp_path_factory.mktemp("wheels")
    command = [sys.executable, str(ROOT / "scripts" / "build"), str(folder)]
    done = subprocess.run(command, cwd=folder, env=clean(), capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    found = {path.name.split("-")[0].replace("_", "-"): path for path in folder.glob("*.whl")}
    assert found.keys() == {"access-service", "access-service-client"}
    assert sorted(done.stdout.split()) == sorted(map(str, found.values()))
    return found


@pytest.fixture(scope="module")
def client(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Environment:
    made = Environment(tmp_path_factory.mktemp("client") / "venv")
    made.install(str(wheels["access-service-client"]))
    return made


def _files(wheel: Path) -> set[str]:
    return {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}


def test_no_file_belongs_to_both_wheels(wheels: dict[str, Path]) -> None:
    server, client = _files(wheels["access-service"]), _files(wheels["access-service-client"])
    source = ROOT / "src" / "access_service" / "client"
    assert client == {f"access_service/client/{p.name}" for p in source.iterdir() if p.suffix in (".py", ".typed")}
    assert not any(name.startswith("access_service/client") for name in server)
    assert {
        "access_service/__init__.py",
        "access_service/app.py",
        "access_service/_data/policy/base/pack.toml",
    } <= server


def test_the_client_alone_brings_nothing_of_the_server(client: Environment) -> None:
    names = {row["name"].lower() for row in json.loads(client.pip("list", "--format", "json"))}
    assert {"access-service-client", "httpx2", "pyjwt", "cryptography"} <= names
    assert not names & {"access-service", "fastapi", "pydantic", "sqlalchemy", "pycasbin", "uvicorn", "typer"}
    assert client.says("import access_service.client as c; print(len(c.__all__) > 20)") == "True"
    for module in ("access_service.app", "access_service.domain", "fastapi"):
        done = client.run(f"import access_service.client, {module}")
        assert (done.returncode, "ModuleNotFoundError" in done.stderr) == (1, True)


def test_both_say_what_the_project_says(wheels: dict[str, Path]) -> None:
    """The client needs no version of a library that the server could not live with, and both are of one version."""
    server = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    client = tomllib.loads((ROOT / "client" / "pyproject.toml").read_text("utf-8"))["project"]
    assert (client["version"], client["requires-python"]) == (server["version"], server["requires-python"])
    known = {*server["dependencies"], *server["optional-dependencies"]["examples"]}
    assert {*client["dependencies"], *client["optional-dependencies"]["fastapi"]} <= known
    assert all(server["version"] in path.name for path in wheels.values())


def test_the_server_from_its_wheel_answers_the_client_from_its_own_and_neither_breaks_the_other(
    wheels: dict[str, Path], client: Environment, tmp_path: Path
) -> None:
    server = Environment(tmp_path / "server")
    server.install(str(wheels["access-service"]))
    assert "ModuleNotFoundError" in server.run("import access_service.client").stderr
    with _served(server, tmp_path) as url:
        assert client.says(ASK.format(url=url, key=KEY)) == "True account_unknown True"
    # Both in one environment, in either order, and each survives the other's leaving.
    server.install(str(wheels["access-service-client"]))
    assert server.says(IMPORT_BOTH) == "AccessClient"
    client.install("--no-deps", str(wheels["access-service"]))
    assert client.says("import access_service.domain.reasons, access_service.client as c; print(c.Deny())")
    client.pip("uninstall", "--yes", "--quiet", "access-service")
    assert client.says("import access_service.client as c; print(c.StaticKey.__name__)") == "StaticKey"
    server.pip("uninstall", "--yes", "--quiet", "access-service-client")
    assert server.says("import access_service.app; print(access_service.__name__)") == "access_service"
    # In two folders, whichever Python looks into first.
    apart = tmp_path / "apart"
    server.install("--no-deps", "--target", str(apart), str(wheels["access-service-client"]))
    find = "import importlib.util as u; print(all(u.find_spec('access_service.' + n) for n in ('client', 'app')))"
    assert server.says(find, path=apart) == "True"
    assert server.says(f"import sys; sys.path.append({str(apart)!r}); {find}") == "True"


@contextmanager
def _served(server: Environment, folder: Path) -> Iterator[str]:
    """A register that is founded and served as docs/for-operators.md says; gives its address."""
    port = free_port()
    settings = {
        "DATABASE_URL": f"sqlite:///{folder}/access.db",
        "KEYS_DIR": str(folder / "keys"),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "PORT": str(port),
        "API_KEY": KEY,
    }
    environment = {**clean(), **{f"ACCESS_SERVICE_{name}": value for name, value in settings.items()}}
    command = str(server.folder / "bin" / "access-service")
    for arguments in ("migrate", FOUND):
        done = subprocess.run(
            [command, *arguments.split()],
            cwd=folder,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    with (folder / "said.txt").open("w") as said:
        process = subprocess.Popen([command, "serve"], cwd=folder, env=environment, stdout=said, stderr=said)
    try:
        wait_for(lambda: answers(port) or process.poll() is not None, "the service")
        assert process.poll() is None, (folder / "said.txt").read_text("utf-8")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=120)


def test_the_client_is_installed_from_a_checkout_as_the_page_says(client: Environment, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "client.md").read_text("utf-8")
    wheel, repository, checkout = (
        line.split(" # ")[0].strip() for line in page.split("```sh\n")[1].splitlines()[:3]
    )
    assert re.fullmatch(r"pip install \./access_service_client-[\d.]+-py3-none-any\.whl", wheel)
    assert checkout == "pip install ./client"
    assert re.fullmatch(r'pip install "git\+https://[^#]+#subdirectory=client"', repository)
    sources = [str(ROOT / "client")]
    if (ROOT / ".git").exists():
        sources.append(f"git+file://{ROOT}#subdirectory=client")
    for number, source in enumerate(sources):
        folder = tmp_path / str(number)
        client.install("--no-deps", "--target", str(folder), source)
        assert (folder / "access_service" / "client" / "wire.py").is_file()
        assert not (folder / "access_service" / "__init__.py").exists()


PAGES = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "examples").rglob("*.md")]


def test_no_page_tells_anybody_to_install_what_somebody_else_could_register() -> None:
    """No index has these names: whoever registers one would own every reader."""
    told = [
        (page.name, line)
        for page in [*PAGES, ROOT / "client" / "README.md"]
        for line in page.read_text("utf-8").splitlines()
        if re.search(r"\b(?:pip|pipx|uv)\b.*\binstall\b", line)
    ]
    assert told
    for page, line in told:
        if "`pip install access-service" in line:
            assert "nobody" in line or "never" in line, (page, line)
            continue
        named = re.findall(r"(?<![\w./#-])access[-_]service[\w.-]*", line.split("#")[0])
        assert all(name.endswith(".whl") for name in named), (page, line)
