"""A dossier proves itself: `verify.py`, alone, finds what anybody could do to it, and says so by its code."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from access_service.evidence.manifest import to_json
from evidence import made_dossier as made_of
from evidence.made_dossier import (
    AT,
    COMMITMENT,
    HANDOVER,
    OLD,
    STRANGER,
    UNIT,
    Made,
    asserted,
    make,
    policy,
    zipped,
)

EVERY = 211
"""Of the bytes of a dossier, which are flipped here; `flip_every_byte.py` flips all, by night."""


@cache
def verifier(*, has_library: bool = True) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"verify_dossier_{has_library}", made_of.VERIFY)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    module.HAS_LIBRARY = has_library  # type: ignore[attr-defined]
    return module


def findings(
    files: dict[str, bytes],
    *,
    trusted: bytes | None = policy(),
    older: tuple[bytes, ...] = (),
    has_library: bool = True,
) -> list[Any]:
    module = verifier(has_library=has_library)
    keys = None if trusted is None else module.read_policy(trusted.decode())
    found: list[Any] = module.Dossier(files, keys, [(f"{n}.note", note) for n, note in enumerate(older)]).check()
    return found


def broken(files: dict[str, bytes], **more: Any) -> set[str]:
    return {finding.code for finding in findings(files, **more) if finding.severity == "broken"}


def refused(data: bytes) -> str:
    module = verifier()
    try:
        module.read_zip(data)
    except module.NotOpenedError as error:
        code: str = error.finding.code
        return code
    return ""


def test_a_dossier_as_it_was_made_has_nothing_broken() -> None:
    said = {(f.severity, f.code) for f in findings(make().write())}

    assert said == {("look", "time_unanchored"), ("info", "not_checked")}


def test_it_has_nothing_broken_for_a_python_without_cryptography() -> None:
    assert broken(make().write(), has_library=False) == set()


def test_it_is_checked_in_an_empty_folder_by_python_alone(tmp_path: Path) -> None:
    (tmp_path / "ho-so.zip").write_bytes(zipped(make().write()))
    shutil.copy(made_of.VERIFY, tmp_path / "verify.py")
    run = subprocess.run(
        [sys.executable, "-I", "-S", "verify.py", "ho-so.zip", "--json"],
        cwd=tmp_path,
        env={"PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
    )

    said = json.loads(run.stdout)
    assert run.returncode == said["exit"] == 3, run.stderr
    assert [f["code"] for f in said["findings"]] == ["policy_inside", "time_unanchored", "not_checked"]
    assert said["figures"] == {"files": 30, "events": 8, "documents": 3, "signatures": 4, "proofs": 8}


def test_every_command_for_reviewers_does_what_the_page_says(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "for-reviewers.md").read_text("utf-8")
    commands = [line.split() for line in page.splitlines() if line.startswith("python3 ")]
    made = make()
    (tmp_path / "ho-so.zip").write_bytes(zipped(made.write()))
    (tmp_path / "log-policy.txt").write_bytes(policy())
    (tmp_path / "lan-truoc.note").write_bytes(made.log.checkpoint(5))
    shutil.copy(made_of.VERIFY, tmp_path / "verify.py")

    assert len(commands) == 3
    for command in commands:
        run = subprocess.run(
            [sys.executable, *command[1:]], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert run.returncode == 3, run.stdout + run.stderr
        assert "time_unanchored" in run.stdout
        assert "--json" in command or run.stdout.endswith("KHÔNG CÓ SAI LỆCH\n")


def test_the_same_question_gives_the_same_bytes_as_ever() -> None:
    assert zipped(make().write()) == made_of.VECTOR.read_bytes()


def test_an_unpacked_dossier_is_checked_as_well_and_a_link_in_it_is_refused(tmp_path: Path) -> None:
    module, files = verifier(), make().write()
    for path, data in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    assert module.read_folder(str(tmp_path)) == files

    (tmp_path / "van-ban" / "la").symlink_to("/etc/passwd")
    with pytest.raises(module.NotOpenedError) as error:
        module.read_folder(str(tmp_path))
    assert error.value.finding.code == "manifest_link"


@pytest.mark.parametrize("has_library", [True, False])
def test_a_flipped_byte_of_any_member_is_found(*, has_library: bool) -> None:
    files = make().write()
    for path, data in files.items():
        for at in range(0, len(data), EVERY * (1 if has_library else 9)):
            bad = files | {path: data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]}
            assert broken(bad, has_library=has_library), (path, at)


def test_a_flipped_byte_of_the_zip_is_refused_before_anything_is_believed() -> None:
    data = zipped(make().write())
    for at in range(0, len(data), EVERY):
        assert refused(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]), at


# -- what an operator with every key but the log's past could do: list and seal anew

Change = Callable[[Made], object]


def file(path: str, change: Callable[[bytes], bytes]) -> Change:
    return lambda made: made.files.update({path: change(made.files[path])})


def edit(path: str, change: Callable[[Any], object]) -> Change:
    def run(made: Made) -> None:
        value = json.loads(made.files[path])
        change(value)
        made.files[path] = to_json(value)

    return run


def drop(path: str) -> Change:
    return lambda made: made.files.pop(path)


def relog(change: Callable[[list[bytes]], object]) -> Change:
    """The lines of the log are changed, and everything that hangs on them is made anew over them."""

    def run(made: Made) -> None:
        change(made.log.lines)
        kept = {path: data for path, data in made.files.items() if path.startswith("nhat-ky/older/")}
        made_of.close(made)
        made.files |= kept

    return run


def event(lines: list[bytes], at: int, **changed: Any) -> None:
    lines[at] = to_json(json.loads(lines[at]) | changed)


def confirm_anew(path: str, number: int, *, key: Any = made_of.SEAL, **changed: Any) -> Change:
    def run(given: list[Any]) -> None:
        said = given[number]["statement"] | changed
        more = {"assertion": given[number]["assertion"]} if "assertion" in given[number] else {}
        given[number] = made_of.confirmed(said, key, **more)

    return edit(path, run)


def assert_anew(**how: Any) -> Change:
    def run(given: list[Any]) -> None:
        given[0]["assertion"] = asserted([given[0]["statement"]], 0, **how)

    return edit(SIGNED, run)


def deny_keys(**changed: Any) -> Change:
    return lambda made: made.files.update({"nhat-ky/keys.json": made_of.keys(**changed)})


CONTENT, WORDS, SIGNED = (f"{AT[HANDOVER]}/{n}.json" for n in ("noi-dung", "phan-chu", "xac-nhan"))
PDF, EVENTS, OTHERS = f"{AT[HANDOVER]}/van-ban.pdf", "nhat-ky/su-kien.jsonl", "nhat-ky/su-kien-khac.jsonl"
LAST = "nhat-ky/proofs/8.tlog-proof"
WITH_KEYS: dict[str, tuple[Change, str]] = {
    "content: another number": (edit(CONTENT, lambda c: c.update(number="06/BB-THCSAH")), "document_hash"),
    "content: another spelling": (file(CONTENT, lambda d: d.replace(b":", b": ", 1)), "document_hash"),
    "content: another document's": (edit(CONTENT, lambda c: c.update(document="doc_000khac")), "statement_mismatch"),
    "content: another register": (edit(CONTENT, lambda c: c.update(register="ha-noi")), "document_hash"),
    "content: no JSON": (file(CONTENT, lambda _: b"[" * 100_000), "document_hash"),
    "content: gone": (drop(CONTENT), "event_without_document"),
    "words: changed": (edit(WORDS, lambda w: w.update(subject=["Khác"])), "print_hash"),
    "words: another salt": (edit(WORDS, lambda w: w.update(salt="C" * 43)), "print_hash"),
    "words: gone": (drop(WORDS), "print_hash"),
    "confirmations: gone": (drop(SIGNED), "document_hash"),
    "confirmation: another time": (
        edit(SIGNED, lambda g: g[1]["statement"].update(signed_at="2026-09-04T00:00:00.000000Z")),
        "confirmation_bad",
    ),
    "confirmation: another person": (
        edit(SIGNED, lambda g: g[1]["statement"].update(person="per_000khac")),
        "confirmation_bad",
    ),
    "confirmation: bits": (
        edit(SIGNED, lambda g: g[1].update(confirmation="00" + g[1]["confirmation"][2:])),
        "confirmation_bad",
    ),
    "confirmation: upper case": (
        edit(SIGNED, lambda g: g[1].update(confirmation=g[1]["confirmation"].upper())),
        "confirmation_bad",
    ),
    "confirmation: by a stranger": (confirm_anew(SIGNED, 1, key=STRANGER), "confirmation_bad"),
    "confirmation: key unknown": (edit(SIGNED, lambda g: g[1].update(key="0" * 16)), "key_unknown"),
    "confirmation: public half swapped": (
        edit(SIGNED, lambda g: g[1].update(public=made_of.public(STRANGER).hex())),
        "key_unknown",
    ),
    "confirmation: before the key": (
        confirm_anew(SIGNED, 1, signed_at="2025-09-05T00:00:00.000000Z"),
        "key_interval",
    ),
    "confirmation: of another version": (confirm_anew(SIGNED, 1, document_version=2), "statement_mismatch"),
    "confirmation: of another register": (confirm_anew(SIGNED, 1, register="ha-noi"), "statement_mismatch"),
    "confirmation: over other bytes": (confirm_anew(SIGNED, 1, sha256="0" * 64), "document_hash"),
    "confirmation: over other words": (confirm_anew(SIGNED, 1, print_sha256="0" * 64), "print_hash"),
    "confirmation: a side that nobody logged": (confirm_anew(SIGNED, 1, side="witness"), "document_without_event"),
    "confirmation: another paper's": (
        lambda m: m.files.update({SIGNED: m.files[f"{AT[COMMITMENT]}/xac-nhan.json"]}),
        "statement_mismatch",
    ),
    "attested: another scan": (
        edit(f"{AT[OLD]}/noi-dung.json", lambda c: c["attested"].update(sha256="1" * 64)),
        "document_hash",
    ),
    "passkey: of another site": (assert_anew(origin="https://evil.example"), "passkey_bad"),
    "passkey: holder not verified": (assert_anew(flags=1), "passkey_bad"),
    "passkey: by a stranger's key": (assert_anew(key=STRANGER), "passkey_bad"),
    "passkey: one statement replaced": (
        confirm_anew(SIGNED, 0, capacity="deputy"),
        "statement_mismatch",
    ),
    "passkey: path shortened": (
        edit(SIGNED, lambda g: g[0]["assertion"].update(path=[])),
        "statement_mismatch",
    ),
    "passkey: path of another batch": (
        edit(SIGNED, lambda g: g[0]["assertion"].update(path=["ab" * 32])),
        "statement_mismatch",
    ),
    "passkey: another place": (edit(SIGNED, lambda g: g[0]["assertion"].update(index=1)), "statement_mismatch"),
    "passkey: left out": (edit(SIGNED, lambda g: g[0].pop("assertion")), "statement_mismatch"),
    "passkey: key never logged": (
        lambda m: m.files.update({OTHERS: b""}),
        "passkey_not_logged",
    ),
    "passkey: signature cut": (
        edit(SIGNED, lambda g: g[0]["assertion"].update(signature=g[0]["assertion"]["signature"][:-4])),
        "passkey_bad",
    ),
    "passkey: no authenticator data": (
        edit(SIGNED, lambda g: g[0]["assertion"].update(authenticator_data="")),
        "passkey_bad",
    ),
    "passkey: another key": (edit(SIGNED, lambda g: g[0]["assertion"].update(key="0" * 64)), "passkey_bad"),
    "keys: another site": (deny_keys(site={"id": "evil.example", "origin": "https://evil.example"}), "key_unknown"),
    "keys: a seal of the operator's": (deny_keys(seal=[]), "manifest_signature"),
    "pdf: a byte appended": (file(PDF, lambda d: d + b"\n"), "pdf_hash"),
    "pdf: one signed elsewhere that nobody logged": (
        lambda m: m.files.update({f"{AT[HANDOVER]}/ky-ngoai.pdf": b"%PDF-1.7"}),
        "pdf_hash",
    ),
    "pdf: re-saved": (file(PDF, lambda d: d.replace(b"1.7", b"1.6")), "pdf_hash"),
    "pack: a rule added": (
        lambda m: m.files.update({m.head["packs"][0]["path"]: made_of.PACK + b"!"}),
        "pack_digest",
    ),
    "pack: another that nobody used": (lambda m: m.head["packs"][0].update(digest="0" * 64), "pack_digest"),
    "event: another actor": (file(EVENTS, lambda d: d.replace(b"hieutruong", b"ketoan", 1)), "unit_chain_broken"),
    "event: left out": (
        file(EVENTS, lambda d: b"".join(d.splitlines(keepends=True)[:2] + d.splitlines(keepends=True)[3:])),
        "unit_chain_broken",
    ),
    "event: two swapped": (
        file(EVENTS, lambda d: b"".join(d.splitlines(keepends=True)[i] for i in (0, 2, 1, 3, 4, 5, 6))),
        "event_order",
    ),
    "event: the last cut": (
        file(EVENTS, lambda d: b"".join(d.splitlines(keepends=True)[:-1])),
        "unit_chain_broken",
    ),
    "event: twice": (
        file(EVENTS, lambda d: d + d.splitlines(keepends=True)[-1]),
        "event_order",
    ),
    "event: another spelling": (file(EVENTS, lambda d: d.replace(b'"seq":1,', b'"seq": 1,', 1)), "event_hash"),
    "event: no line's end": (file(EVENTS, lambda d: d[:-1]), "event_hash"),
    "event: one of another unit slipped in": (
        file(EVENTS, lambda d: d.replace(UNIT.encode(), b"unt_000khac", 1)),
        "unit_chain_broken",
    ),
    "event: one of another unit, without a proof": (drop("nhat-ky/proofs/2.tlog-proof"), "proof_bad"),
    "event: the last without a proof": (drop(LAST), "proof_bad"),
    "proof: too short": (
        file(LAST, lambda d: b"\n".join(d.split(b"\n")[:3] + d.split(b"\n")[4:])),
        "proof_bad",
    ),
    "proof: too long": (
        file(LAST, lambda d: d.replace(b"\n\n", b"\n" + made_of.b64(b"x" * 32).encode() + b"\n\n", 1)),
        "proof_bad",
    ),
    "proof: another place": (file(LAST, lambda d: d.replace(b"index 7", b"index 6")), "proof_bad"),
    "proof: place beyond the log": (file(LAST, lambda d: d.replace(b"index 7", b"index 9")), "proof_bad"),
    "proof: zeros in front": (file(LAST, lambda d: d.replace(b"index 7", b"index 07")), "proof_bad"),
    "proof: under another checkpoint": (
        lambda m: m.files.update({LAST: m.log.proof(8, m.log.checkpoint(7))}),
        "proof_bad",
    ),
    "checkpoint: by a stranger": (
        lambda m: m.files.update({"nhat-ky/checkpoint": m.log.checkpoint(8, key=STRANGER)}),
        "checkpoint_signature",
    ),
    "checkpoint: of another log": (
        lambda m: m.files.update({"nhat-ky/checkpoint": m.log.checkpoint(8, origin="x.example/log/hai-phong/1")}),
        "checkpoint_signature",
    ),
    "checkpoint: line ends of Windows": (
        file("nhat-ky/checkpoint", lambda d: d.replace(b"\n", b"\r\n")),
        "checkpoint_signature",
    ),
    "checkpoint: another size": (
        lambda m: m.files.update({"nhat-ky/checkpoint": m.log.checkpoint(7)}),
        "checkpoint_inconsistent",
    ),
    "older: no path to it": (drop("nhat-ky/consistency/5-8.txt"), "checkpoint_inconsistent"),
    "older: another path": (
        file("nhat-ky/consistency/5-8.txt", lambda d: d.replace(d[:4], b"AAAA", 1)),
        "checkpoint_inconsistent",
    ),
    "older: by a stranger": (
        lambda m: m.files.update({"nhat-ky/older/1-5.note": m.log.checkpoint(5, key=STRANGER)}),
        "checkpoint_signature",
    ),
    "log: the time of a signature moved": (
        relog(lambda lines: event(lines, 3, recorded_at="2026-09-01T00:00:00.000000Z")),
        "checkpoint_inconsistent",
    ),
    "log: an event of before taken out": (relog(lambda lines: event(lines, 2, target="doc_000khac")), "unit_chain_broken"),
    "head: chain cut": (lambda m: m.head["unit_chain"].update(n=6), "unit_chain_broken"),
    "head: of another unit": (lambda m: m.head.update(unit="unt_000khac"), "unit_chain_broken"),
    "head: of another register": (lambda m: m.head.update(register="ha-noi"), "event_hash"),
    "head: root": (lambda m: m.head["checkpoint"].update(root="00" * 32), "checkpoint_inconsistent"),
    "head: sealed under another name": (lambda m: m.head.update(sealed_as="x.example/seal/x"), "manifest_signature"),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(WITH_KEYS))
def test_what_is_listed_and_sealed_anew_is_found_still(name: str) -> None:
    change, code = WITH_KEYS[name]
    made = make()
    change(made)

    assert code in broken(made.write())


def test_a_removed_passkey_signs_nothing_any_more() -> None:
    made = make()
    lines = made.files[OTHERS].splitlines()
    removed = to_json(json.loads(lines[0]) | {"action": "factor.remove", "seq": 3})
    made.files[OTHERS] = lines[0] + b"\n" + removed + b"\n"

    assert "passkey_not_logged" in broken(made.write())


def test_a_rewritten_log_contradicts_the_note_of_the_visit_before() -> None:
    """The operator has every key and makes the whole log anew: only who kept something older finds it."""
    before = make().log.checkpoint(5)
    made = make()
    event(made.log.lines, 0, actor="acc_000khac")
    made.log.units.clear()
    rewritten = made_of.Log()
    for line in made.log.lines:
        said = json.loads(line)
        rewritten.add(said["action"], said["target"], said["unit"], said["recorded_at"], **said["details"])
        event(rewritten.lines, -1, actor=said["actor"])
        rewritten.units[said["unit"]] = (rewritten.units[said["unit"]][0], made_of.sha(rewritten.lines[-1]))
    made.log = rewritten
    made_of.close(made)

    assert broken(made.write()) == set()
    assert broken(made.write(), older=(before,)) == {"checkpoint_inconsistent"}
    assert broken(make().write(), older=(before,)) == set()


def test_a_note_of_a_longer_log_or_of_the_same_size_with_another_root_is_a_fork() -> None:
    longer = make(lambda log: log.add("unit.rename", UNIT))
    other = make(lambda log: log.add("unit.rename", UNIT))
    event(other.log.lines, 0, actor="acc_000khac")
    older = longer.log.checkpoint(9)

    assert broken(make().write(), older=(older,)) == {"checkpoint_inconsistent"}
    made_of.close(longer)
    assert broken(longer.write(), older=(other.log.checkpoint(9),)) == {"checkpoint_inconsistent"}


def test_a_log_under_a_key_that_was_not_published_is_not_the_log() -> None:
    assert "checkpoint_signature" in broken(make().write(), trusted=policy(key=STRANGER))


def test_erased_words_are_said_to_be_erased_and_not_wrong() -> None:
    made = make(erased=[f"{HANDOVER}.1"])
    del made.files[WORDS]
    found = findings(made.write())

    assert [f.code for f in found if f.severity == "broken"] == []
    assert ("look", "erased") in {(f.severity, f.code) for f in found}


def test_erased_words_that_somebody_puts_back_otherwise_are_found() -> None:
    made = make(erased=[f"{HANDOVER}.1"])
    made.files[WORDS] = to_json({"document": HANDOVER, "salt": "A" * 43, "subject": ["Khác"]})

    assert "print_hash" in broken(made.write())


def test_a_redacted_dossier_lacks_words_and_says_so() -> None:
    made = make(redacted=True)
    for path in [path for path in made.files if path.endswith("phan-chu.json")]:
        del made.files[path]
    found = findings(made.write())

    assert [f.code for f in found if f.severity == "broken"] == []
    assert "redacted" in {f.code for f in found}


def test_time_that_steps_back_is_found_unless_a_clock_was_mended() -> None:
    back = "2026-08-01T00:00:00.000000Z"

    assert "time_back" in broken(make(lambda log: log.add("unit.rename", UNIT, at=back)).write())
    mended = make(lambda log: log.add("clock.mend", UNIT, at="2026-09-01T00:00:00.000000Z"))
    assert "time_back" not in broken(mended.write())


# -- outsiders: the file is changed, the list is not


def test_files_beside_the_list_are_found() -> None:
    files = make().write()

    assert broken(files | {"van-ban/them.json": b"{}"}) == {"manifest_extra"}
    missing = dict(files)
    del missing["README.txt"]
    assert broken(missing) == {"manifest_missing"}
    assert broken(files | {"README.txt": b"?"}) == {"manifest_hash"}
    assert "manifest_signature" in broken(files | {"manifest.sig": files["manifest.sig"][:-5] + b"AAA=\n"})
    assert "unreadable" in broken({})


def test_the_table_of_mutations_has_sixty_rows() -> None:
    assert len(WITH_KEYS) >= 60
