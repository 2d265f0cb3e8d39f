"""Explanations that software asks for are counted, and written when the service stops: none waits for the log."""

from __future__ import annotations

from pathlib import Path

from serving import serving

from access_service.usecases.upkeep.verifying import verify_register
from world import CLASS_6A, REGISTER, SCHOOL


def test_what_was_explained_stands_in_the_log_after_a_normal_stop_by_whom_and_how_often(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        world, before = served.world, len(served.world.log())
        full = {"explain": "full"}
        for _ in range(2):
            assert served.ask(served.question(context=full)).status_code == 200
        batch = served.question(evaluations=[{"context": full}, {}, {"context": {"explain": "code"}}])
        assert served.ask(batch, "evaluations").status_code == 200
        assert served.ask(served.question(context={"explain": "code"})).status_code == 200
        # A question that has no account is answered and explains nobody.
        assert served.ask(served.question(subject={"type": "group", "id": "x"}, context=full)).status_code == 200
        account = served.teacher.account
        assert [e for e in world.log(before) if e.happening.action == "explain"] == []
    [told] = [e for e in world.log(before) if e.happening.action == "explain"]
    said = told.happening.details or {}
    assert (told.actor, told.person, told.happening.target, told.happening.unit) == ("key", None, account, SCHOOL)
    assert (said["views"], said["targets"], said["of"]) == (3, 1, [account])
    assert len(said["parameters"]) == 1  # type: ignore[arg-type]
    # The log holds a hash of what was asked: no class, no pupil.
    assert CLASS_6A not in told.canonical().decode()
    assert "000-hs-1" not in told.canonical().decode()
    assert verify_register(world.services.db, REGISTER).findings == ()
