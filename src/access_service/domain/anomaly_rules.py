"""What looks wrong: one function a kind (see `domain.anomalies`)."""

from collections.abc import Iterator
from dataclasses import replace

from access_service.domain.anomalies import (
    Anomaly,
    AnomalyCode,
    AnomalySeverity,
    Examine,
    ExaminedGrant,
    ExaminedUnit,
    day_vi,
    days,
    in_force,
    is_attested,
    limit_article,
)
from access_service.domain.anomaly_rules_units import find_admin, find_numbers, find_sensitive, find_software
from access_service.domain.delegation import Grant
from access_service.domain.duties import HOMEROOM
from access_service.domain.names import ClassId, GrantState, PersonId
from access_service.domain.org import Assignment
from access_service.domain.policy import ONE, CommitmentText
from access_service.domain.reasons import Reason
from access_service.domain.separations import meetings
from access_service.domain.standing import documents_reason
from access_service.domain.time import start_of_day

INSPECTOR = "inspector"


def _of(
    code: AnomalyCode,
    severity: AnomalySeverity,
    unit: ExaminedUnit,
    held: ExaminedGrant,
    said: tuple[str, str],
    article: str,
) -> Anomaly:
    """An anomaly of a right; `said` is Vietnamese and English."""
    grant = held.facts.grant
    return Anomaly(
        code=code,
        severity=severity,
        unit=unit.unit.id,
        vi=said[0],
        en=said[1],
        article=article,
        since=grant.activated_at or grant.valid_from,
        person=held.person,
        account=grant.account,
        grant=grant.id,
        document=grant.document,
    )


# -- papers


def find_commitments(unit: ExaminedUnit) -> Iterator[Anomaly]:
    """(#55, #59) A right without a commitment, or with one to an older text than the one in force."""
    for held in unit.grants:
        facts = held.facts
        text = _text_in_force(unit, held)
        if "commitment" not in facts.required or text is None or facts.grant.valid_from > unit.at:
            continue
        if held.state in (GrantState.ENDED, GrantState.EXPIRED) or not _is_signed(unit, held):
            continue
        signed = [d for d in facts.commitments if d.signed_at is not None and d.signed_at <= unit.at]
        standing = [d for d in signed if d.ended_at is None or d.ended_at > unit.at]
        if not standing:
            yield _of(
                AnomalyCode.COMMITMENT_MISSING,
                AnomalySeverity.FIX,
                unit,
                held,
                (
                    f"Vai trò “{held.role_vi}” chưa có bản cam kết đảm bảo an ninh dữ liệu",
                    f"The role “{held.role_vi}” has no commitment to the security of data",
                ),
                text.article,
            )
        elif not any(d.text_version == text.version for d in standing):
            is_late = documents_reason(facts, unit.at) is Reason.COMMITMENT_OUTDATED
            until = day_vi(text.effective_from + text.resign_within)
            yield _of(
                AnomalyCode.COMMITMENT_OUTDATED,
                AnomalySeverity.FIX if is_late else AnomalySeverity.LOOK,
                unit,
                held,
                (
                    (
                        f"Bản cam kết theo mẫu cũ; mẫu {text.version} áp dụng từ {day_vi(text.effective_from)}, "
                        f"ký lại trước ngày {until}"
                    ),
                    (
                        f"The commitment is to an older text; {text.version} is in force from "
                        f"{day_vi(text.effective_from)}, to be signed before {until}"
                    ),
                ),
                text.article,
            )


def _text_in_force(unit: ExaminedUnit, held: ExaminedGrant) -> CommitmentText | None:
    texts = [t for t in held.facts.texts if t.effective_from <= unit.at]
    return max(texts, key=lambda t: t.effective_from, default=None)


def _is_signed(unit: ExaminedUnit, held: ExaminedGrant) -> bool:
    document = held.facts.document
    return document is not None and document.signed_at is not None and document.signed_at <= unit.at


def find_minutes(unit: ExaminedUnit) -> Iterator[Anomaly]:
    """(#54, #58) A right in force, or on attested paper, whose paper lacks a side, a file or itself."""
    for held in unit.grants:
        document = held.facts.document
        if held.state is not GrantState.EFFECTIVE and not is_attested(document):
            continue
        if held.state in (GrantState.ENDED, GrantState.EXPIRED):
            continue
        lacking: list[tuple[str, str]] = []
        if document is None:
            lacking.append(("biên bản", "the minutes"))
        else:
            lacking += [_SIDES[side] for side in held.sides if side not in held.signed and side in _SIDES]
            if is_attested(document) and not document.reference:
                lacking.append(("nơi lưu bản giấy", "where the paper is kept"))
        if lacking:
            yield _of(
                AnomalyCode.MINUTES_MISSING,
                AnomalySeverity.FIX,
                unit,
                held,
                (
                    f"Quyền “{held.role_vi}” còn thiếu: {', '.join(vi for vi, _ in lacking)}",
                    f"The right “{held.role_vi}” lacks {', '.join(en for _, en in lacking)}",
                ),
                held.handover_article,
            )


_SIDES = {
    "giver": ("chữ ký bên giao", "the giver's signature"),
    "receiver": ("chữ ký bên nhận", "the receiver's signature"),
    "declarant": ("chữ ký người cam kết", "the declarant's signature"),
}


def find_paper_only(unit: ExaminedUnit) -> Iterator[Anomaly]:
    """A right that rests on paper signed elsewhere, longer ago than a school year."""
    after = days(unit.pack, "paper_only_days")
    for held in in_force(unit):
        document = held.facts.document
        if document is not None and is_attested(document) and start_of_day(document.dated) + after <= unit.at:
            number, dated = document.number or "chưa có số", day_vi(document.dated)
            yield _of(
                AnomalyCode.PAPER_ONLY,
                AnomalySeverity.LOOK,
                unit,
                held,
                (
                    (
                        f"Quyền “{held.role_vi}” dựa trên biên bản giấy {number} ngày {dated}, "
                        "chưa được ký xác nhận trong hệ thống"
                    ),
                    (
                        f"The right “{held.role_vi}” rests on minutes on paper {document.number or '(no number)'} "
                        f"of {dated}, never signed in the system"
                    ),
                ),
                limit_article(unit.pack, "paper_only_days"),
            )


def find_recorded_late(unit: ExaminedUnit) -> Iterator[Anomaly]:
    """A right, or the duty under it, that was recorded days after it is said to have begun."""
    after = days(unit.pack, "recorded_late_days")
    for held in in_force(unit):
        begins = max(
            held.facts.grant.valid_from, held.duty.valid_from if held.duty else held.facts.grant.valid_from
        )
        if is_attested(held.facts.document) or held.recorded_at is None:
            continue
        if held.recorded_at - begins > after:
            yield _of(
                AnomalyCode.RECORDED_LATE,
                AnomalySeverity.INFO,
                unit,
                held,
                (
                    f"Ghi từ ngày {day_vi(begins)}, đến ngày {day_vi(held.recorded_at)} mới được ghi nhận",
                    f"Said to hold from {day_vi(begins)}, recorded on {day_vi(held.recorded_at)}",
                ),
                limit_article(unit.pack, "recorded_late_days"),
            )


def find_issuer_left(unit: ExaminedUnit) -> Iterator[Anomaly]:
    """(9) Who signed for the giver leads that office no more, and the successor has not confirmed in time."""
    after = days(unit.pack, "confirmation_days")
    for held in in_force(unit):
        head, grant = held.head_of_giver, held.facts.grant
        if held.giver is None or held.giver_leads or head is None or held.confirmed:
            continue
        is_successor = grant.activated_at is not None and head.valid_from > grant.activated_at
        if is_successor and head.valid_from + after <= unit.at:
            yield _of(
                AnomalyCode.ISSUER_LEFT,
                AnomalySeverity.FIX,
                unit,
                held,
                (
                    (
                        "Người ký bên giao đã thôi lãnh đạo đơn vị cấp; thủ trưởng mới từ "
                        f"{day_vi(head.valid_from)} chưa xác nhận"
                    ),
                    (
                        "Whoever signed for the giver leads that unit no more; the head since "
                        f"{day_vi(head.valid_from)} has not confirmed"
                    ),
                ),
                limit_article(unit.pack, "confirmation_days"),
            )


# -- use


def find_unused(unit: ExaminedUnit) -> Iterator[Anomaly]:
    """A right by which nothing was allowed for so many days, or ever; asked only where uses are counted."""
    if unit.used_since is None:
        return
    after = days(unit.pack, "unused_days")
    counted = start_of_day(unit.used_since)
    article = limit_article(unit.pack, "unused_days")
    for held in in_force(unit):
        grant = held.facts.grant
        begins = max(grant.valid_from, grant.activated_at or grant.valid_from, counted)
        if held.last_used is None:
            if begins + after <= unit.at:
                said = (
                    f"Quyền “{held.role_vi}” chưa được dùng lần nào từ ngày {day_vi(begins)}",
                    f"The right “{held.role_vi}” was never used since {day_vi(begins)}",
                )
                yield _of(AnomalyCode.NEVER_USED, AnomalySeverity.LOOK, unit, held, said, article)
        elif max(start_of_day(held.last_used), begins) + after <= unit.at:
            said = (
                f"Quyền “{held.role_vi}” không được dùng từ ngày {day_vi(held.last_used)}",
                f"The right “{held.role_vi}” was not used since {day_vi(held.last_used)}",
            )
            yield _of(AnomalyCode.UNUSED, AnomalySeverity.LOOK, unit, held, said, article)


# -- duties


def find_conflicts(unit: ExaminedUnit) -> Iterator[Anomaly]:
    """Duties in one person that the pack would have in two, or inspecting where one holds a right."""
    held_by: dict[str, list[ExaminedGrant]] = {}
    for held in in_force(unit):
        held_by.setdefault(held.person or held.facts.grant.account, []).append(held)
    for grants in held_by.values():
        roles = {held.facts.grant.role for held in grants}
        for meeting in meetings(unit.pack, roles):
            meet = meeting.roles.split("+")
            first = next(held for held in grants if held.facts.grant.role == meet[0])
            names = " + ".join(dict.fromkeys(h.role_vi for h in grants if h.facts.grant.role in meet))
            said = (f"{names}: {meeting.separation.because}", f"{names}: two duties that should be apart")
            yield _of(
                AnomalyCode.CONFLICTING_DUTIES, AnomalySeverity.LOOK, unit, first, said, meeting.separation.article
            )
        inspecting = [held for held in grants if held.facts.grant.role == INSPECTOR]
        if inspecting and len(roles) > 1:
            said = (
                "Thành viên đoàn kiểm tra đồng thời có quyền khác tại đơn vị được kiểm tra",
                "A member of an inspection holds another right in the unit that is inspected",
            )
            yield _of(
                AnomalyCode.CONFLICTING_DUTIES,
                AnomalySeverity.FIX,
                unit,
                inspecting[0],
                said,
                inspecting[0].role_article,
            )


def find_beyond_duty(unit: ExaminedUnit) -> Iterator[Anomaly]:
    """(#57) A right for more than the duty it rests on is about."""
    for held in in_force(unit):
        if held.outside_duty is not None:
            axis = _AXES.get(held.outside_duty, (held.outside_duty, held.outside_duty))
            said = (
                f"Phạm vi của quyền “{held.role_vi}” vượt quyết định phân công: {axis[0]}",
                f"The right “{held.role_vi}” reaches beyond the decision that assigns the duty: {axis[1]}",
            )
            yield _of(AnomalyCode.BEYOND_DUTY, AnomalySeverity.FIX, unit, held, said, held.role_article)


_AXES = {
    "unit": ("đơn vị", "unit"),
    "levels": ("cấp học", "level"),
    "grades": ("khối", "grade"),
    "classes": ("lớp", "class"),
    "subjects": ("môn", "subject"),
    "school_year": ("năm học", "school year"),
}


def find_homerooms(unit: ExaminedUnit) -> Iterator[Anomaly]:
    """(#56) A class with more teachers in charge than its level has, or with none."""
    held_by: dict[ClassId, list[ExaminedGrant]] = {}
    for held in in_force(unit):
        for class_id in _in_charge(held.facts.grant, held.duty):
            held_by.setdefault(class_id, []).append(held)
    started = unit.year_started
    for found in unit.classes:
        homeroom = unit.pack.homeroom(found.level)
        people = list(dict.fromkeys(held.person for held in held_by.get(found.id, ()) if held.person))
        if homeroom.holders == ONE and len(people) > 1:
            last = max(held_by[found.id], key=lambda held: held.facts.grant.activated_at or unit.at)
            names = ", ".join(unit.names.get(PersonId(p), p) for p in people)
            said = (
                f"Lớp {found.name} có {len(people)} người chủ nhiệm: {names}",
                f"Class {found.name} has {len(people)} homeroom teachers: {names}",
            )
            made = _of(AnomalyCode.HOMEROOM_TWICE, AnomalySeverity.FIX, unit, last, said, homeroom.article)
            yield replace(made, class_id=found.id)
        grace = days(unit.pack, "homeroom_none_days")
        if not people and started is not None and max(started, found.valid_from) + grace <= unit.at:
            yield Anomaly(
                code=AnomalyCode.HOMEROOM_NONE,
                severity=AnomalySeverity.LOOK,
                unit=unit.unit.id,
                vi=f"Lớp {found.name} chưa có {homeroom.vi.lower()} được bàn giao quyền",
                en=f"Nobody in charge of class {found.name} has been handed a right",
                article=homeroom.article,
                since=max(started, found.valid_from),
                class_id=found.id,
            )


def _in_charge(grant: Grant, duty: Assignment | None) -> Iterator[ClassId]:
    """The classes that the holder has charge of, substitutes apart."""
    if duty is not None and duty.position == HOMEROOM and duty.substitutes is None:
        yield from (class_id for class_id, subject in grant.scope.classes or () if not subject)


def find_idle_accounts(unit: ExaminedUnit) -> Iterator[Anomaly]:
    """An active account without a duty, or without any right for long."""
    after, article = days(unit.pack, "duty_missing_days"), limit_article(unit.pack, "duty_missing_days")
    for held in unit.accounts:
        account = held.account
        since = held.is_without_grant_since
        if held.is_active and not held.has_duty:
            vi = f"Tài khoản {account.username} đang hoạt động nhưng không còn nhiệm vụ nào"
            en = f"The account {account.username} is active and its holder has no duty"
        elif held.is_active and since is not None and since + after <= unit.at:
            vi = f"Tài khoản {account.username} không có quyền nào từ ngày {day_vi(since)}"
            en = f"The account {account.username} has had no right since {day_vi(since)}"
        else:
            continue
        yield Anomaly(
            code=AnomalyCode.DUTY_MISSING,
            severity=AnomalySeverity.LOOK,
            unit=unit.unit.id,
            vi=vi,
            en=en,
            article=article,
            since=since,
            person=account.person,
            account=account.id,
        )


RULES: tuple[Examine, ...] = (
    find_commitments,
    find_minutes,
    find_admin,
    find_homerooms,
    find_beyond_duty,
    find_conflicts,
    find_issuer_left,
    find_idle_accounts,
    find_unused,
    find_sensitive,
    find_recorded_late,
    find_paper_only,
    find_software,
    find_numbers,
)


def examine_unit(unit: ExaminedUnit) -> list[Anomaly]:
    """Everything that looks wrong in a unit, in the order of the codes, then of people and rights."""
    order = list(AnomalyCode)
    found = [anomaly for rule in RULES for anomaly in rule(unit)]
    return sorted(found, key=lambda a: (order.index(a.code), a.person or "", a.grant or "", a.class_id or ""))
