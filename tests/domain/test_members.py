"""Which unknown members of a question were meant to be read."""

import pytest

from access_service.domain.members import is_meant, is_near, show_member


@pytest.mark.parametrize(
    "path",
    [
        *("context.at", "at", "context.asOf", "context.known_at", "resource.at", "subject.properties.at"),
        *(
            "resource.properties.klass",
            "resource.properties.class_id",
            "resource.properties.classId",
            "resource.class",
        ),
        *(
            "resource.properties.Class",
            "resource.properties.class_",
            "resource.properties.classes",
            "context.class",
        ),
        *(
            "resource.category",
            "resource.properties.categories",
            "resource.properties.unitId",
            "context.schoolYear",
        ),
        *("resource.properties.lop", "resource.properties.nam_hoc", "context.grant", "grants", "context.role"),
        *("subject.properties.grant", "explain", "at_least", "function", "page.cursor", "page.size", "register"),
        *("options.evaluation_semantic", "evaluation"),
    ],
)
def test_what_is_one_of_ours_elsewhere_or_otherwise_spelt_was_meant(path):
    assert is_meant(path)


@pytest.mark.parametrize(
    "path",
    [
        *("extra", "context.time", "context.ip", "context.purpose", "context.source", "subject.properties.role"),
        *(
            "subject.properties.unit",
            "subject.properties.department",
            "resource.properties.owner",
            "resource.extra",
        ),
        *(
            "resource.properties.status",
            "action.properties.method",
            "page.properties.x",
            "resource.properties.title",
        ),
        *("", ".", "context." + "at" * 40, "context.", "context.attachment", "resource.properties.reclassified"),
    ],
)
def test_what_other_decision_points_read_is_left_alone(path):
    assert not is_meant(path)


def test_a_name_is_near_another_but_for_case_separators_and_endings():
    known = ("scope", "resource", "authorization_details", "audience")
    assert all(is_near(name, known) for name in ("scopes", "Scope", "authorization_detail", "authorizationDetails"))
    assert not any(is_near(name, known) for name in ("state", "nonce", "x", ""))


def test_a_name_is_shown_without_what_it_could_do():
    assert show_member("a\u202eb\n`") == "a\\u202eb\\n`"
    assert len(show_member("x" * 1000)) == 64
