"""Attacks on signing with a passkey: one touch is good for exactly the statements that were shown, here, once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest

from access_service.domain import papers
from access_service.domain.audit import instant
from access_service.domain.documents import Document, Signature
from access_service.domain.errors import InvalidError, RefusedError
from access_service.domain.names import DocumentState, Method
from access_service.domain.reasons import Refusal
from access_service.domain.scope import Scope
from access_service.domain.statements import SigningWay
from access_service.signing.assertions import AssertionFault, BadAssertionError, check_kept
from access_service.signing.documents import check_confirmation, statement
from access_service.signing.passkeys import site_of
from access_service.storage.audit import events
from access_service.storage.ceremonies import take_ceremony
from access_service.storage.keys import public_keys
from access_service.storage.second_factor import drop_factor
from access_service.usecases.handover import ceremonies, documents, signatures
from access_service.usecases.handover.ceremonies import AskedToSign
from access_service.usecases.handover.documents import EnteredLine
from access_service.usecases.handover.signatures import Presented, Signed
from access_service.usecases.identity import second_factor
from access_service.usecases.services import Services
from soft_passkey import PRESENT, SoftPasskey
from world import PASSWORD, SCHOOL, Someone, World

ORIGIN, RP_ID = "https://phanquyen.example.vn", "phanquyen.example.vn"
pytestmark = pytest.mark.backends("sqlite")


@dataclass
class Desk:
    """A head with a passkey, and papers that wait for the head."""

    world: World
    services: Services
    head: Someone
    key: SoftPasskey
    papers: list[Document]

    def shown(self) -> list[Presented]:
        found = [self.world.show(self.head, paper.id) for paper in self.papers]
        return [Presented(p.id, p.version, p.sha256) for p in found]

    def ask(self, **more: Any) -> AskedToSign:
        return ceremonies.ask_to_sign(self.services, self.head.caller, self.shown(), **more)

    def touch(self, asked: AskedToSign, **said: str) -> dict[str, Any]:
        assert asked.public_key is not None
        return self.key.answer(asked.public_key["challenge"], **said)

    def answer(self, asked: AskedToSign, **shown: Any) -> list[Any]:
        answered = ceremonies.answer_ceremony(self.services, self.head.caller, asked.ceremony, **shown)
        return [answer for _, answer in answered]

    def state(self, number: int = 0) -> DocumentState:
        return self.world.get(Document, self.papers[number].id).state

    def public_hex(self, key: str) -> str:
        with self.services.db.connect() as connection:
            return next(k.public_hex for k in public_keys(connection, "passkey") if k.id == key)


def give_passkey(services: Services, who: Someone) -> SoftPasskey:
    key = SoftPasskey(ORIGIN, RP_ID)
    options = second_factor.begin_passkey(services, who.caller, PASSWORD)
    second_factor.confirm_passkey(services, who.caller, key.make(options))
    return key


@pytest.fixture
def desk(school_world: World) -> Desk:
    world = school_world
    services = replace(world.services, public_url=ORIGIN)
    head = world.head_of(SCHOOL)
    papers = []
    for number in range(3):
        clerk = world.hire(f"văn thư {number}", SCHOOL, "clerk", SCHOOL)
        papers.append(
            world.propose(SCHOOL, clerk, EnteredLine("clerk", clerk.duty, Scope(unit=SCHOOL), world.clock.now))
        )
    return Desk(world, services, head, give_passkey(services, head), [p.document for p in papers])


def refused(desk: Desk, code: Refusal, do: Callable[[], Any]) -> None:
    with pytest.raises(RefusedError) as error:
        do()
    assert error.value.code is code
    assert desk.state() is DocumentState.AWAITING_GIVER


def test_one_touch_signs_many_papers_and_each_proves_itself_alone(desk: Desk) -> None:
    asked = desk.ask()
    assert asked.way is SigningWay.PASSKEY
    answers = desk.answer(asked, passkey=desk.touch(asked))
    site = site_of(ORIGIN)
    for said, answer in zip(asked.statements, answers, strict=True):
        assert isinstance(answer, Signed), answer
        signature = desk.world.get(Signature, answer.signature.id)
        assert signature.method is Method.PASSKEY
        assert signature.how is not None
        kept = signature.how.assertion
        assert kept is not None
        assert statement(desk.world.register, signature) == said
        check_kept(said, kept, desk.public_hex(kept.key), site)
        check_confirmation(desk.services.seal.public_hex, desk.world.register, signature)
        assert said["shown_at"] == instant(desk.world.clock.now)


def test_the_log_names_the_key_that_signed_and_when_it_was_added(desk: Desk) -> None:
    asked = desk.ask()
    [first, *_] = desk.answer(asked, passkey=desk.touch(asked))
    with desk.services.db.connect() as connection:
        logged = list(events(connection, desk.world.register, limit=1000))
    added = next(e for e in logged if e.happening.action == "factor.add")
    signed = next(e for e in reversed(logged) if e.happening.action == "document.sign")
    assert (added.happening.details or {})["key_sha256"] == (signed.happening.details or {})["key_sha256"]
    assert isinstance(first, Signed)


def test_a_paper_of_format_1_in_front_changes_nothing_for_the_others(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names no way of signing; the batch waits for what the others name."""
    shown, print_hash_of = desk.shown(), papers.print_hash_of
    old = f'"{shown[0].document}"'
    monkeypatch.setattr(papers, "print_hash_of", lambda content: None if old in content else print_hash_of(content))
    monkeypatch.setattr(ceremonies, "show_password", lambda *_: SigningWay.PASSWORD_AND_CODE)
    asked = ceremonies.ask_to_sign(desk.services, desk.head.caller, shown, way=SigningWay.PASSWORD_AND_CODE)
    assert asked.way is SigningWay.PASSWORD_AND_CODE
    answers = desk.answer(asked, password=PASSWORD, code="000000")
    assert all(isinstance(answer, Signed) for answer in answers), answers


def test_an_answer_is_not_replayed(desk: Desk) -> None:
    asked = desk.ask()
    touched = desk.touch(asked)
    desk.answer(asked, passkey=touched)
    with pytest.raises(RefusedError) as again:
        desk.answer(asked, passkey=touched)
    assert again.value.code is Refusal.CEREMONY_UNKNOWN


def test_a_touch_for_one_batch_signs_no_other(desk: Desk) -> None:
    first, second = desk.ask(), desk.ask()
    refused(desk, Refusal.STATEMENT_CHANGED, lambda: desk.answer(second, passkey=desk.touch(first)))


def test_a_touch_on_another_site_signs_nothing(desk: Desk) -> None:
    asked = desk.ask()
    touched = desk.touch(asked, origin="https://phanquyen.example.vn.ke-gian.example")
    refused(desk, Refusal.ORIGIN_WRONG, lambda: desk.answer(asked, passkey=touched))


def test_a_site_with_another_id_signs_nothing(desk: Desk) -> None:
    desk.key.rp_id = "ke-gian.example"
    asked = desk.ask()
    refused(desk, Refusal.ORIGIN_WRONG, lambda: desk.answer(asked, passkey=desk.touch(asked)))


def test_an_authenticator_that_did_not_verify_its_holder_signs_nothing(desk: Desk) -> None:
    desk.key.flags = PRESENT
    asked = desk.ask()
    refused(desk, Refusal.USER_NOT_VERIFIED, lambda: desk.answer(asked, passkey=desk.touch(asked)))


def test_a_copied_authenticator_is_found_by_its_counter(desk: Desk) -> None:
    asked = desk.ask()
    desk.answer(asked, passkey=desk.touch(asked))
    clerk = desk.world.hire("văn thư mới", SCHOOL, "clerk", SCHOOL)
    line = EnteredLine("clerk", clerk.duty, Scope(unit=SCHOOL), desk.world.clock.now)
    desk.papers = [desk.world.propose(SCHOOL, clerk, line).document]
    asked = desk.ask()
    desk.key.count -= 1
    refused(desk, Refusal.SIGNATURE_BAD, lambda: desk.answer(asked, passkey=desk.touch(asked)))


def test_a_key_that_the_account_never_added_signs_nothing(desk: Desk) -> None:
    asked = desk.ask()
    stranger = SoftPasskey(ORIGIN, RP_ID)
    assert asked.public_key is not None
    touched = stranger.answer(asked.public_key["challenge"])
    refused(desk, Refusal.CREDENTIAL_UNKNOWN, lambda: desk.answer(asked, passkey=touched))


def test_a_key_that_was_removed_meanwhile_signs_nothing(desk: Desk) -> None:
    asked = desk.ask()
    touched = desk.touch(asked)
    [factor] = second_factor.list_factors(desk.services, desk.head.caller)
    with desk.services.db.write(desk.world.register, desk.head.account) as tx:
        drop_factor(tx.connection, factor)
        tx.happened("factor.remove", desk.head.account)
        tx.touches()
    refused(desk, Refusal.CREDENTIAL_UNKNOWN, lambda: desk.answer(asked, passkey=touched))


def test_what_waits_too_long_is_asked_anew(desk: Desk) -> None:
    asked = desk.ask()
    desk.world.clock.forward(minutes=5)
    refused(desk, Refusal.CEREMONY_EXPIRED, lambda: desk.answer(asked, passkey=desk.touch(asked)))


def test_what_one_session_was_asked_no_other_session_and_no_other_account_answers(desk: Desk) -> None:
    asked, world = desk.ask(), desk.world
    clerk = world.hire("văn thư khác", SCHOOL, "clerk", SCHOOL)
    mine, strange = desk.head.account, clerk.account
    with world.services.db.aside() as connection:
        assert take_ceremony(connection, world.register, mine, "0" * 64, asked.ceremony) is None
        assert take_ceremony(connection, world.register, strange, desk.head.caller.session, asked.ceremony) is None
    refused(
        desk,
        Refusal.CEREMONY_UNKNOWN,
        lambda: ceremonies.answer_ceremony(desk.services, clerk.caller, asked.ceremony, passkey=desk.touch(asked)),
    )
    assert all(isinstance(answer, Signed) for answer in desk.answer(asked, passkey=desk.touch(asked)))


def test_a_paper_that_was_revised_after_it_was_asked_is_not_signed(desk: Desk) -> None:
    asked = desk.ask()
    paper = desk.papers[1]
    documents.return_document(desk.services, desk.head.caller, paper.id, reason="sai lớp")
    documents.revise(
        desk.services, desk.world.admins[SCHOOL], paper.id, number="02/BB", dated=date(2026, 8, 21), version=1
    )
    answers = desk.answer(asked, passkey=desk.touch(asked))
    assert [getattr(answer, "code", None) for answer in answers] == [None, Refusal.STALE_VERSION, None]


def test_the_password_is_no_answer_to_statements_for_a_passkey(desk: Desk) -> None:
    asked = desk.ask()
    with pytest.raises(InvalidError):
        desk.answer(asked, password=PASSWORD)
    by_password = desk.ask(way=SigningWay.PASSWORD)
    assert by_password.public_key is None
    answers = desk.answer(by_password, password=PASSWORD)
    assert all(isinstance(answer, Signed) for answer in answers)


def test_nobody_signs_what_they_were_only_sent_as_json(school_world: World) -> None:
    world = school_world
    clerk = world.hire("văn thư", SCHOOL, "clerk", SCHOOL)
    line = EnteredLine("clerk", clerk.duty, Scope(unit=SCHOOL), world.clock.now)
    paper = world.propose(SCHOOL, clerk, line).document
    head = world.head_of(SCHOOL).caller
    shown = [Presented(paper.id, paper.version, paper.sha256)]
    [answer] = signatures.sign_batch(world.services, head, PASSWORD, shown)
    assert isinstance(answer, RefusedError)
    assert answer.code is Refusal.NOT_SHOWN


def _kept(desk: Desk) -> tuple[dict[str, Any], Any, str]:
    asked = desk.ask()
    answers = desk.answer(asked, passkey=desk.touch(asked))
    how = answers[1].signature.how
    return dict(asked.statements[1]), how.assertion, desk.public_hex(how.assertion.key)


def test_of_a_batch_no_statement_path_or_place_can_be_another(desk: Desk) -> None:
    said, kept, key = _kept(desk)
    site = site_of(ORIGIN)
    check_kept(said, kept, key, site)
    forged = [
        (said | {"document": "doc_0"}, kept),
        (said | {"shown_at": said["signed_at"] + "0"}, kept),
        (said, replace(kept, path=kept.path[:-1])),
        (said, replace(kept, path=(*kept.path, kept.path[0]))),
        (said, replace(kept, index=0)),
        (said, replace(kept, size=kept.size - 1)),
        (said, replace(kept, path=("zz", *kept.path[1:]))),
    ]
    for other, evidence in forged:
        with pytest.raises(BadAssertionError) as bad:
            check_kept(other, evidence, key, site)
        assert bad.value.fault is AssertionFault.STATEMENT_MISMATCH


def test_every_flipped_byte_of_what_a_passkey_left_is_found(desk: Desk) -> None:
    said, kept, key = _kept(desk)
    for part in ("client_data", "authenticator_data", "signature"):
        text = getattr(kept, part)
        for place in range(0, len(text), 7):
            other = "A" if text[place] != "A" else "B"
            flipped = replace(kept, **{part: text[:place] + other + text[place + 1 :]})
            with pytest.raises(BadAssertionError):
                check_kept(said, flipped, key, site_of(ORIGIN))
    with pytest.raises(BadAssertionError):
        check_kept(said, replace(kept, key="0" * 64), key, site_of(ORIGIN))


def test_what_is_no_answer_of_a_passkey_is_refused(desk: Desk) -> None:
    for answer in ({}, {"id": "x", "response": {}}, {"id": 1, "response": []}, json.loads('{"response": null}')):
        asked = desk.ask()
        refused(desk, Refusal.SIGNATURE_BAD, lambda asked=asked, answer=answer: desk.answer(asked, passkey=answer))
        desk.world.clock.forward(hours=1)
