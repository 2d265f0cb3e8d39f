"""The bytes of a pack: what is read from a folder, what is refused there, and the archive that is kept."""

import os
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from access_service.domain.errors import Fault, PolicyError
from access_service.engine.packs.load import PackFiles, load_pack, parse_pack, read_pack_files
from engine.small_packs import LEAF, ROOT, edited, loaded, pack_files, parsed, write

ROLES = "root/roles.csv"


def test_the_folder_gives_the_same_pack_as_its_texts(tmp_path: Path) -> None:
    assert loaded(tmp_path, LEAF, "leaf") == parsed(LEAF, "leaf")


def test_only_the_files_of_the_chain_are_read_and_cases_are_not_part_of_the_digest(tmp_path: Path) -> None:
    policy, models = write(tmp_path, LEAF)
    before = read_pack_files(policy, "root", models)
    assert set(before.files) == set(ROOT)
    (policy / "root" / "cases_test.yaml").write_text("- x\n", encoding="utf-8")
    (policy / "root" / "README.md").write_text("notes\n", encoding="utf-8")
    (policy / "root" / ".hidden").write_text("", encoding="utf-8")
    assert read_pack_files(policy, "root", models) == before
    assert set(read_pack_files(policy, "leaf", models).files) == set(LEAF)


@pytest.mark.parametrize("name", ["../root", "/etc", "", ".", "models", "ROOT", "a" * 65])
def test_a_name_with_a_path_in_it_is_never_opened(tmp_path: Path, name: str) -> None:
    policy, models = write(tmp_path, ROOT)
    for read in (read_pack_files, load_pack):
        with pytest.raises(PolicyError, match="is no name of a pack"):
            read(policy, name, models)
    with pytest.raises(PolicyError, match="is no name of a pack"):
        parse_pack(PackFiles(name, {}))


def test_a_pack_that_does_not_exist(tmp_path: Path) -> None:
    policy, models = write(tmp_path, ROOT)
    for read in (read_pack_files, load_pack):
        with pytest.raises(PolicyError) as caught:
            read(policy, "nowhere", models)
        assert caught.value.faults == (Fault("nowhere/pack.toml:1", "no such file"),)


def test_a_file_that_no_pack_has_is_refused(tmp_path: Path) -> None:
    policy, models = write(tmp_path, ROOT)
    (policy / "root" / "role.csv").write_text(ROOT[ROLES], encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        load_pack(policy, "root", models)
    assert caught.value.faults == (
        Fault(
            "root/role.csv:1",
            "`role.csv` is no file of a pack",
            "a pack is made of pack.toml, roles.csv, delegation.csv",
        ),
    )


def test_links_out_of_the_folder_are_refused(tmp_path: Path) -> None:
    policy, models = write(tmp_path / "in", LEAF)
    outside = tmp_path / "outside.csv"
    outside.write_text(ROOT[ROLES], encoding="utf-8")
    (policy / "root" / "roles.csv").unlink()
    (policy / "root" / "roles.csv").symlink_to(outside)
    with pytest.raises(PolicyError) as caught:
        load_pack(policy, "root", models)
    assert caught.value.faults == (Fault("root/roles.csv:1", "a link out of the folder"),)
    (tmp_path / "elsewhere").mkdir()
    (policy / "linked").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PolicyError, match="a link out of the policy folder"):
        read_pack_files(policy, "linked", models)


def test_links_that_point_at_each_other_are_refused(tmp_path: Path) -> None:
    policy, models = write(tmp_path, ROOT)
    (policy / "root" / "delegation.csv").unlink()
    (policy / "root" / "delegation.csv").symlink_to(policy / "root" / ".other")
    (policy / "root" / ".other").symlink_to(policy / "root" / "delegation.csv")
    with pytest.raises(PolicyError) as caught:
        load_pack(policy, "root", models)
    (fault,) = caught.value.faults
    # Where resolving a loop raises, it counts as leading out; where it does not, as no file.
    assert fault.place == "root/delegation.csv:1"
    assert fault.message in ("a link out of the folder", "not a regular file")


def test_a_link_to_nowhere_and_a_folder_are_no_files(tmp_path: Path) -> None:
    policy, models = write(tmp_path, ROOT)
    (policy / "root" / "delegation.csv").unlink()
    (policy / "root" / "delegation.csv").symlink_to(policy / "root" / "gone.csv")
    (policy / "root" / "roles.csv").unlink()
    (policy / "root" / "roles.csv").mkdir()
    with pytest.raises(PolicyError) as caught:
        load_pack(policy, "root", models)
    assert [(fault.place, fault.message) for fault in caught.value.faults] == [
        ("root/delegation.csv:1", "not a regular file"),
        ("root/roles.csv:1", "not a regular file"),
    ]


def test_a_link_within_the_folder_is_followed(tmp_path: Path) -> None:
    policy, models = write(tmp_path, ROOT)
    (policy / "root" / "roles.csv").rename(policy / "root" / ".mounted")
    (policy / "root" / "roles.csv").symlink_to(policy / "root" / ".mounted")
    assert load_pack(policy, "root", models) == parsed(ROOT)


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    policy, models = write(tmp_path, ROOT)
    with (policy / "root" / "roles.csv").open("ab") as file:
        os.truncate(file.fileno(), (1 << 20) + 1)
    with pytest.raises(PolicyError) as caught:
        load_pack(policy, "root", models)
    assert caught.value.faults == (Fault("root/roles.csv:1", "larger than 1 MiB"),)


def test_a_file_that_cannot_be_read_is_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy, models = write(tmp_path, ROOT)
    as_before = Path.open

    def refuse(self: Path, *args: Any, **kwargs: Any) -> Any:
        if self.name == "roles.csv":
            raise PermissionError(13, "Permission denied")
        return as_before(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", refuse)
    for read in (read_pack_files, load_pack):
        with pytest.raises(PolicyError) as caught:
            read(policy, "root", models)
        assert caught.value.faults == (Fault("root/roles.csv:1", "cannot be read: permission denied"),)


def test_a_pack_toml_that_is_not_toml_is_read_and_refused_by_the_parser(tmp_path: Path) -> None:
    policy, models = write(tmp_path, ROOT | {"root/pack.toml": 'name = "root\n'})
    files = read_pack_files(policy, "root", models)
    with pytest.raises(PolicyError, match=r"^root/pack\.toml:1: not TOML: "):
        parse_pack(files)


def test_a_model_that_is_missing_is_named(tmp_path: Path) -> None:
    policy, models = write(tmp_path, ROOT)
    (models / "delegation.conf").unlink()
    with pytest.raises(PolicyError) as caught:
        load_pack(policy, "root", models)
    assert caught.value.faults == (Fault("models/delegation.conf:1", "no such file"),)


def test_faults_of_the_folder_and_of_the_contents_come_together(tmp_path: Path) -> None:
    policy, models = write(tmp_path, edited(ROOT, ROLES, "nurse,records,HEA,write", "nusre,records,HEA,write"))
    (policy / "root" / "notes.txt").write_text("", encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        load_pack(policy, "root", models)
    assert [fault.place for fault in caught.value.faults] == ["root/notes.txt:1", "root/roles.csv:8"]


def test_the_digest_is_that_of_the_archive_and_of_every_byte() -> None:
    files = pack_files(LEAF, "leaf")
    assert files.digest == sha256(files.to_bytes()).hexdigest() == parse_pack(files).digest
    digests = {files.digest, pack_files(LEAF, "root").digest}
    for path in LEAF:
        digests.add(pack_files(LEAF | {path: LEAF[path] + "\n"}, "leaf").digest)
    assert len(digests) == 2 + len(LEAF)


def test_a_byte_that_moves_from_a_name_to_a_content_changes_the_digest() -> None:
    one = PackFiles("a", {"a/b.csv": b"cd"})
    other = PackFiles("a", {"a/b.csvc": b"d"})
    assert one.digest != other.digest


def test_the_exact_bytes_of_an_archive() -> None:
    archive = PackFiles("a", {"b/y.csv": b"2", "a/x.csv": b"1"}).to_bytes()
    size = [length.to_bytes(8, "big") for length in range(8)]
    assert archive == b"".join(
        (
            *(b"access-service pack archive 1\n", size[1], b"a"),
            *(size[7], b"a/x.csv", size[1], b"1"),
            *(size[7], b"b/y.csv", size[1], b"2"),
        )
    )


def test_an_archive_comes_back_whatever_the_order_of_its_files() -> None:
    files = pack_files(LEAF, "leaf")
    backwards = PackFiles("leaf", dict(reversed(files.files.items())))
    assert backwards.to_bytes() == files.to_bytes()
    assert PackFiles.from_bytes(files.to_bytes()) == files
    assert parse_pack(PackFiles.from_bytes(files.to_bytes())) == parse_pack(files)


def _archive(*parts: bytes) -> bytes:
    return b"access-service pack archive 1\n" + b"".join(len(part).to_bytes(8, "big") + part for part in parts)


@pytest.mark.parametrize(
    "archive",
    [
        b"",
        b"PK\x03\x04",
        _archive(),
        _archive(b"root")[:-1],
        _archive(b"root") + b"\x00",
        _archive(b"root", b"root/pack.toml"),
        _archive(b"root", b"root/roles.csv", b"x", b"root/pack.toml", b"y"),
        _archive(b"root", b"root/pack.toml", b"x", b"root/pack.toml", b"y"),
        _archive(b"root", b"../pack.toml", b"x"),
        _archive(b"root", b"/etc/pack.toml", b"x"),
        _archive(b"../x"),
        _archive(b"\xff"),
    ],
    ids=range(12),
)
def test_an_altered_archive_is_refused(archive: bytes) -> None:
    with pytest.raises(PolicyError) as caught:
        PackFiles.from_bytes(archive)
    assert caught.value.faults == (Fault("archive", "not a pack archive"),)
