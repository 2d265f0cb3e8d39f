"""(5) Which way of signing is enough, and that what is confirmed is what was put before the signer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from access_service.domain.documents import Document
from access_service.domain.errors import RefusedError
from access_service.domain.names import DocumentState
from access_service.domain.reasons import Refusal
from access_service.domain.scope import Scope
from access_service.domain.statements import SigningWay, check_finishes, check_same_statement, check_strengths
from access_service.domain.waiting import Outcome, WaitingAct
from access_service.usecases.handover import ceremonies, documents, signatures
from access_service.usecases.handover.assignment_papers import decision_of
from access_service.usecases.handover.documents import EnteredLine
from access_service.usecases.handover.signatures import Presented
from access_service.usecases.organisation import org
from access_service.usecases.second_person import confirming
from access_service.usecases.services import ReadView
from world import OFFICE, PASSWORD, SCHOOL, Clock, World, found, make_services, pack_variant, with_school

BY_PASSKEY = """
[signatures.commitment]
declarant = ["passkey", "pades"]
article = "default"
"""


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[World]:
    """A school whose pack asks for a passkey under every commitment."""
    clock = Clock()
    services = make_services(f"sqlite:///{tmp_path}/thu.db", tmp_path, clock)
    yield with_school(found(services, clock, pack="thu", policy=pack_variant(tmp_path, "thu", BY_PASSKEY)))
    services.db.close()


def waiting(world: World, key: str = "văn thư") -> tuple[Document, Document]:
    """A clerk's minutes and the commitment that is due with them."""
    clerk = world.hire(key, SCHOOL, "clerk", SCHOOL)
    line = EnteredLine("clerk", clerk.duty, Scope(unit=SCHOOL), world.clock.now)
    prepared = world.propose(SCHOOL, clerk, line)
    assert prepared.commitment is not None
    return prepared.document, prepared.commitment


def test_a_pack_that_asks_for_a_passkey_takes_no_password(strict: World) -> None:
    minutes, commitment = waiting(strict)
    clerk = strict.people["văn thư"]
    strict.sign(strict.head_of(SCHOOL), minutes.id)
    strict.sign(clerk, minutes.id)
    with pytest.raises(RefusedError) as refused:
        strict.sign(clerk, commitment.id)
    assert refused.value.code is Refusal.SIGNATURE_TOO_WEAK
    assert refused.value.details["methods"] == ["pades", "passkey"]
    assert not strict.ask(clerk)


def test_papers_that_were_signed_too_weakly_open_nothing(strict: World) -> None:
    """The same rule where rights begin: whatever let the signature through."""
    minutes, commitment = waiting(strict)
    with strict.services.db.read(strict.register) as reader:
        pack = ReadView(reader, None, strict.clock.now).pack_for(SCHOOL)
    signed = strict.sign(strict.head_of(SCHOOL), minutes.id).signature
    check_strengths(pack, minutes, [signed])
    weak = replace(signed, document=commitment.id, side="declarant")
    with pytest.raises(RefusedError) as refused:
        check_strengths(pack, commitment, [weak])
    assert refused.value.code is Refusal.SIGNATURE_TOO_WEAK


WITH_A_CODE = """
[signatures.handover_minutes]
giver = ["password+totp", "passkey"]
article = "default"
[signatures.assignment_decision]
giver = ["in_system", "passkey"]
article = "default"
"""


@pytest.fixture
def asks_more(tmp_path: Path) -> Iterator[World]:
    """A school whose pack asks its head for a one-time code, and whoever decides for a signature of its own."""
    clock = Clock()
    services = make_services(f"sqlite:///{tmp_path}/thu.db", tmp_path, clock)
    yield with_school(found(services, clock, pack="thu", policy=pack_variant(tmp_path, "thu", WITH_A_CODE)))
    services.db.close()


def test_a_pack_that_asks_for_a_code_takes_no_password_alone(asks_more: World) -> None:
    world = asks_more
    minutes, _ = waiting(world)
    head = world.head_of(SCHOOL)
    with world.refuses(Refusal.SIGNATURE_TOO_WEAK):
        world.sign(head, minutes.id)
    world.enrol(f"000.head:{SCHOOL}")
    world.clock.forward(minutes=1)
    shown = world.show(head, minutes.id)
    code = world.authenticators[f"000.head:{SCHOOL}"].next(world.clock.now)
    presented = [Presented(shown.id, shown.version, shown.sha256)]
    [signed] = signatures.sign_batch(world.services, head.caller, PASSWORD, presented, code=code)
    assert isinstance(signed, signatures.Signed)
    with world.services.db.read(world.register) as reader:
        pack = ReadView(reader, None, world.clock.now).pack_for(SCHOOL)
    check_strengths(pack, signed.document, [signed.signature])


def test_where_a_pack_takes_no_open_session_the_decision_is_signed_as_any_paper(asks_more: World) -> None:
    """(A1) Confirming alone enters nothing: the leader opens the decision and enters a password: that confirms."""
    world = asks_more
    world.hand_to_officer(OFFICE)
    person = org.add_person(world.services, world.admins[OFFICE], name="Người Thử phó").id
    duty = org.Duty(person, SCHOOL, "vice_principal", "12/QĐ-UBND", date(2026, 8, 18), world.clock.now)
    waits = org.assign_duty(world.services, world.admins[OFFICE], duty)
    assert isinstance(waits, WaitingAct)
    head = world.head_of(OFFICE)
    with world.refuses(Refusal.SIGNATURE_TOO_WEAK):
        confirming.confirm(world.services, head.caller, waits.id)
    documents.submit(world.services, head.caller, decision_of(waits))
    world.sign(head, decision_of(waits))
    assert world.get(WaitingAct, waits.id).outcome is Outcome.CONFIRMED


@pytest.mark.backends("sqlite")
def test_a_one_time_code_beside_the_password_stands_in_the_statement(school_world: World) -> None:
    world = school_world
    minutes, _ = waiting(world)
    head = world.head_of(SCHOOL)
    world.enrol(f"000.head:{SCHOOL}")
    world.clock.forward(minutes=1)
    shown = world.show(head, minutes.id)
    code = world.authenticators[f"000.head:{SCHOOL}"].next(world.clock.now)
    presented = [Presented(shown.id, shown.version, shown.sha256)]
    [signed] = signatures.sign_batch(world.services, head.caller, PASSWORD, presented, code=code)
    assert isinstance(signed, signatures.Signed)
    assert signed.signature.how is not None
    assert signed.signature.how.auth == "password+totp"


@pytest.mark.backends("sqlite")
def test_what_changed_since_it_was_asked_is_not_signed(school_world: World) -> None:
    """Another decision gives the capacity by now: the statement would be another one."""
    world = school_world
    minutes, _ = waiting(world)
    head = world.head_of(SCHOOL)
    shown = world.show(head, minutes.id)
    presented = [Presented(shown.id, shown.version, shown.sha256)]
    asked = ceremonies.ask_to_sign(world.services, head.caller, presented, way=SigningWay.PASSWORD)
    with world.services.db.aside() as connection:
        connection.exec_driver_sql("""UPDATE ceremonies SET statements = replace(statements, 'giver', 'witness')""")
    [(_, answer)] = ceremonies.answer_ceremony(world.services, head.caller, asked.ceremony, password=PASSWORD)
    assert isinstance(answer, RefusedError)
    assert answer.code is Refusal.STATEMENT_CHANGED
    assert world.get(Document, minutes.id).state is DocumentState.AWAITING_GIVER
    with pytest.raises(RefusedError):
        check_same_statement("doc_0", {"side": "giver"}, {"side": "giver", "capacity": "head"})


@pytest.mark.backends("sqlite")
def test_a_paper_of_the_first_format_finishes_as_it_began(school_world: World) -> None:
    minutes, _ = waiting(school_world)
    check_finishes(minutes, SigningWay.PASSWORD)
    with pytest.raises(RefusedError) as refused:
        check_finishes(minutes, SigningWay.PASSKEY)
    assert refused.value.code is Refusal.STATEMENT_CHANGED
