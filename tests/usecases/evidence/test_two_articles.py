"""A row of a pack may rest on two articles that ask for the same: the explanation names both."""

from __future__ import annotations

from access_service.cli.explanation import write_explanation
from access_service.domain.access import AccessRequest
from access_service.domain.names import Capacity
from access_service.engine.packs.load import load_pack
from access_service.live.decision_point import DecisionPoint
from access_service.usecases.evidence.explain import explain
from access_service.usecases.services import Services
from world import CLASS_6A, ROOT, SCHOOL, Clock, found, hire_homeroom, homeroom_line, with_school


def test_an_explanation_names_both_articles_of_a_row(services: Services, clock: Clock) -> None:
    """Hải Phòng asks for minutes in one place (#58) and for a commitment in the next (#59)."""
    world = with_school(found(services, clock, pack="hai-phong"))
    teacher = hire_homeroom(world)
    world.hand_over(SCHOOL, teacher, homeroom_line(world, teacher))
    asked = AccessRequest(teacher.account, "read", "class", CLASS_6A, category="STU-ID")
    told = explain(DecisionPoint(world.services.db), world.register, asked)
    assert told.allowed
    assert {"hp-2024-58", "hp-2024-59"} <= {base.article for base in told.legal_bases}
    pack = load_pack(ROOT / "policy", "hai-phong", ROOT / "models")
    text = "\n".join(write_explanation(told))
    for article in pack.cited("hp-2024-58+hp-2024-59"):
        assert article.vi in text


def test_nobody_signs_on_behalf_of_the_committee() -> None:
    """TM. is no capacity of these papers, in no pack and for no kind of unit."""
    assert "TM." not in set(Capacity)
    for name in ("base", "hai-phong", "hai-duong", "ho-chi-minh"):
        pack = load_pack(ROOT / "policy", name, ROOT / "models")
        assert pack.capacities_of("commune") == {"head", "Q.", "KT.", "TL."}, name
        assert pack.capacities_of("school") == {"head", "Q.", "KT."}, name
