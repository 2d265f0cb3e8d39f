"""`docs/settings.md` lists every setting with its default, and every default is safe."""

from pathlib import Path

import pytest
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from access_service.cli import main
from access_service.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"{PREFIX}{name.upper()}", raising=False)
    monkeypatch.delenv(f"{PREFIX}REGISTER", raising=False)


def shown_default(field: FieldInfo) -> str:
    value = field.default
    if field.default_factory is not None:
        return "the packaged folder"
    if value is None:
        return "–"
    if isinstance(value, Path):
        return f"`./{value}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def test_the_page_lists_every_setting_with_its_default_and_meaning() -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in PAGE.splitlines()
        if line.startswith("| `")
    ]
    expected = [
        [f"`{field.validation_alias or PREFIX + name.upper()}`", shown_default(field), field.description]
        for name, field in Settings.model_fields.items()
    ]
    assert rows == expected


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}REGISTER", "thu-nghiem")
    monkeypatch.setenv(f"{PREFIX}API_KEY", "khoá-thử-nghiệm-000")
    monkeypatch.setenv(f"{PREFIX}PORT", "8080")
    settings = Settings()
    assert (settings.register_name, settings.port) == ("thu-nghiem", 8080)
    assert settings.api_key is not None
    assert settings.api_key.get_secret_value() == "khoá-thử-nghiệm-000"
    assert "khoá-thử-nghiệm-000" not in repr(settings)
    for empty in ("", "  "):
        monkeypatch.setenv(f"{PREFIX}API_KEY", empty)
        assert Settings().api_key is None
    monkeypatch.setenv(f"{PREFIX}REGISTER", "")
    assert Settings().register_name is None


def test_the_defaults_are_safe_and_complete() -> None:
    settings = Settings()
    assert (settings.host, settings.api_key, settings.api_key_search) == ("127.0.0.1", None, False)
    assert (settings.policy_dir / "base" / "pack.toml").is_file()
    assert (settings.models_dir / "delegation.conf").is_file()


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://phanquyen.example.vn", "https://phanquyen.example.vn"),
        ("https://phanquyen.example.vn:8443/", "https://phanquyen.example.vn:8443"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://localhost", "http://localhost"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_a_public_address_is_https_or_loopback(url: str, kept: str) -> None:
    assert Settings(public_url=url).public_url == kept


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://phanquyen.example.vn", "http is only for loopback"),
        ("http://localhost.example.vn", "http is only for loopback"),
        ("http://127.0.0.1.example.vn", "http is only for loopback"),
        ("ftp://localhost", "begins with https://"),
        ("//localhost", "begins with https://"),
        ("https://", "begins with https://"),
        ("", "begins with https://"),
        ("https://phanquyen.example.vn/path", "only scheme, host and port"),
        ("https://phanquyen.example.vn?x=1", "only scheme, host and port"),
        ("https://phanquyen.example.vn#x", "only scheme, host and port"),
        ("https://somebody@phanquyen.example.vn", "only scheme, host and port"),
        ("http://127.0.0.1@phanquyen.example.vn", "only scheme, host and port"),
    ],
)
def test_any_other_public_address_is_refused(url: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Settings(public_url=url)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "70000"),
        ("POLL_MS", "5"),
        ("POLL_MS", "5000"),
        ("STALENESS_S", "0"),
        ("STALENESS_S", "nan"),
        ("STALENESS_S", "3600"),
        ("CACHE_MIB", "0"),
        ("TOKEN_ALGORITHM", "RS256"),
        ("TOKEN_ALGORITHM", "none"),
        ("TOKEN_SECONDS", "0"),
        ("TOKEN_SECONDS", "3601"),
        ("KEY_OVERLAP_SECONDS", "359"),
        ("ARGON2_MEMORY_KIB", "19455"),
        ("ARGON2_PASSES", "1"),
        ("LOG_LEVEL", "loud"),
        ("LOG_DECISIONS", "some"),
        ("API_KEY_SEARCH", "perhaps"),
    ],
)
def test_a_value_out_of_bounds_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(ValidationError, match=name.lower()):
        Settings()


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("ACCESS_SERVICE_API_KEYS", "API_KEY"),
        ("ACCESS_SERVICE_KEY_DIR", "KEYS_DIR"),
        ("access_service_databse_url", "DATABASE_URL"),
        ("ACCESS_SERVICE_REGISTER_NAME", None),
        ("ACCESS_SERVICE_NOW", None),
    ],
)
def test_a_misspelt_variable_ends_the_start_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, near: str | None
) -> None:
    monkeypatch.setenv(name, "bí mật")
    with pytest.raises(ValidationError) as caught:
        Settings()
    message = str(caught.value.errors()[0]["msg"])
    assert f"there is no setting `{name}`" in message
    assert near is None or f"but `{PREFIX}{near}`" in message
    assert "bí mật" not in message


def test_the_command_line_says_the_same_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ACCESS_SERVICE_KEY_DIR", "/khong-co")
    for command in (["matrix", "1"], ["serve"], ["keys", "list"], ["settle"]):
        assert main(command) == 2
        assert capsys.readouterr().err == (
            "access-service: there is no setting `ACCESS_SERVICE_KEY_DIR`, but `ACCESS_SERVICE_KEYS_DIR`\n"
        )


def test_what_an_orchestrator_or_the_tests_set_is_nobodys_misspelling(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "ACCESS_SERVICE_SERVICE_HOST",
        "ACCESS_SERVICE_SERVICE_PORT_HTTP",
        "ACCESS_SERVICE_PORT_8000_TCP_ADDR",
        "ACCESS_SERVICE_DB_PORT_5432_TCP",
        "ACCESS_SERVICE_TEST_DATABASE_URL",
        "ACCESS_SERVICES",
        "MY_ACCESS_SERVICE_API_KEYS",
    ):
        monkeypatch.setenv(name, "tcp://127.0.0.1:8000")
    assert Settings().port == 8000


@pytest.mark.parametrize("empty", ["", "  "])
@pytest.mark.parametrize(
    "name", ["HOST", "OPERATIONS_HOST", "DATABASE_URL", "KEYS_DIR", "POLICY_DIR", "MODELS_DIR", "PUBLIC_URL"]
)
def test_a_variable_that_was_left_empty_opens_no_other_address_and_no_other_folder(
    name: str, empty: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty host is every address of the machine: `HOST=$UNSET` put metrics on the net."""
    monkeypatch.setenv(f"{PREFIX}{name}", empty)
    with pytest.raises(ValidationError, match=name.lower()):
        Settings()
    assert main(["matrix", "0003101"]) != 0
    assert name in capsys.readouterr().err.upper()
