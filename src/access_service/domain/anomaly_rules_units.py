"""What looks wrong with a unit as a whole: its admin account, who holds what, software, numbers of papers."""

from collections.abc import Iterator
from datetime import timedelta

from access_service.domain.anomalies import (
    Anomaly,
    AnomalyCode,
    AnomalySeverity,
    ExaminedUnit,
    day_vi,
    days,
    in_force,
    limit_article,
)
from access_service.domain.custody import OFFICER
from access_service.domain.numbering import find_gaps, find_twice
from access_service.domain.policy import DEFAULT
from access_service.domain.time import local, start_of_day

EXPORTS = frozenset({"export", "export_raw"})


# -- the admin account


def find_admin(unit: ExaminedUnit) -> Iterator[Anomaly]:
    """(#51, #52) An admin account that nobody operates, or an officer without paper, or without a second factor."""
    admin, custody = unit.admin, unit.custody
    if admin is None:
        return
    if custody is None:
        since = unit.vacant_since or admin.valid_from
        if since + days(unit.pack, "custody_vacant_days") <= unit.at:
            yield Anomaly(
                code=AnomalyCode.CUSTODY_VACANT,
                severity=AnomalySeverity.FIX,
                unit=unit.unit.id,
                vi=f"Tài khoản quản trị {admin.username} không có người quản lý từ ngày {day_vi(since)}",
                en=f"Nobody has operated the admin account {admin.username} since {day_vi(since)}",
                article=limit_article(unit.pack, "custody_vacant_days"),
                since=since,
                account=admin.id,
            )
        return
    paper = unit.custody_paper
    if custody.holder == OFFICER and (paper is None or paper.signed_at is None or paper.signed_at > unit.at):
        yield Anomaly(
            code=AnomalyCode.ADMIN_WITHOUT_HANDOVER,
            severity=AnomalySeverity.FIX,
            unit=unit.unit.id,
            vi=f"Cán bộ quản lý tài khoản quản trị {admin.username} chưa có biên bản giao quản lý đã ký",
            en=f"The officer who operates the admin account {admin.username} has no signed minutes for it",
            article=limit_article(unit.pack, "custody_vacant_days"),
            since=custody.valid_from,
            person=custody.person,
            account=admin.id,
        )
    if unit.admin_is_active and not unit.admin_has_factor:
        yield Anomaly(
            code=AnomalyCode.ADMIN_WITHOUT_FACTOR,
            severity=AnomalySeverity.FIX,
            unit=unit.unit.id,
            vi=f"Tài khoản quản trị {admin.username} chưa đăng ký xác thực hai yếu tố",
            en=f"The admin account {admin.username} has no second factor",
            article=limit_article(unit.pack, "admin_second_factor"),
            since=admin.activated_at,
            person=custody.person,
            account=admin.id,
        )


# -- sensitive data


def find_sensitive(unit: ExaminedUnit) -> Iterator[Anomaly]:
    """Many people with a sensitive category of the whole unit; who may export one.

    Whoever has charge of one class reads what is sensitive of it, as the regulations want: they are not counted.
    """
    share = unit.staff * unit.pack.number("sensitive_holders_percent") / 100
    most = max(unit.pack.number("sensitive_holders"), share)
    exporting: dict[tuple[str, str], set[str]] = {}
    holders: dict[str, set[str]] = {}
    for held in in_force(unit):
        who = held.person or held.facts.grant.account
        for category, action in held.rights:
            if not unit.pack.categories[category].sensitive:
                continue
            if held.facts.grant.scope.classes is None:
                holders.setdefault(category, set()).add(who)
            if action in EXPORTS:
                exporting.setdefault((held.role_vi, category), set()).add(who)
    for known in unit.pack.categories.values():
        count = len(holders.get(known.id, ()))
        if count > most:
            yield Anomaly(
                code=AnomalyCode.SENSITIVE_MANY,
                severity=AnomalySeverity.LOOK,
                unit=unit.unit.id,
                vi=f"{count} người có nhóm dữ liệu nhạy cảm “{known.vi}” của toàn đơn vị (trên {most:g})",
                en=f"{count} people reach the sensitive data “{known.vi}” of the whole unit (more than {most:g})",
                article=limit_article(unit.pack, "sensitive_holders"),
            )
    for (role_vi, id_), people in sorted(exporting.items()):
        yield Anomaly(
            code=AnomalyCode.EXPORT_SENSITIVE,
            severity=AnomalySeverity.INFO,
            unit=unit.unit.id,
            vi=f"{len(people)} người với vai trò “{role_vi}” được xuất nhóm dữ liệu nhạy cảm "
            f"“{unit.pack.categories[id_].vi}”",
            en=f"{len(people)} people in the role “{role_vi}” may export the sensitive data "
            f"“{unit.pack.categories[id_].vi}”",
            article=unit.pack.categories[id_].article,
        )


# -- software


def find_software(unit: ExaminedUnit) -> Iterator[Anomaly]:
    """(#7, #33 to #36) An approval that ends soon, or whose preconditions are met no more."""
    soon = days(unit.pack, "approval_ending_days")
    for facts in unit.approvals:
        paper = facts.approval
        if unit.at not in paper.interval or (
            facts.software.valid_to is not None and facts.software.valid_to <= unit.at
        ):
            continue
        common = {"unit": unit.unit.id, "account": facts.software.account, "document": paper.id}
        if facts.unmet is not None:
            limit = facts.unmet
            yield Anomaly(
                code=AnomalyCode.SOFTWARE_UNFIT,
                severity=AnomalySeverity.FIX,
                vi=f"Phần mềm {facts.software.name} không còn đáp ứng điều kiện lấy dữ liệu",
                en=f"The software {facts.software.name} no longer meets what drawing data demands",
                article=limit_article(unit.pack, limit),
                since=paper.interval.start,
                **common,  # type: ignore[arg-type]
            )
        if paper.valid_to - soon <= unit.at:
            last = paper.valid_to - timedelta(microseconds=1)
            yield Anomaly(
                code=AnomalyCode.APPROVAL_ENDING,
                severity=AnomalySeverity.LOOK,
                vi=f"Văn bản đồng ý {paper.number} cho phần mềm {facts.software.name} hết hiệu lực sau ngày "
                f"{local(last):%d/%m/%Y}",
                en=f"The approval {paper.number} for the software {facts.software.name} ends after "
                f"{local(last):%d/%m/%Y}",
                article=limit_article(unit.pack, "approval_ending_days"),
                since=paper.interval.start,
                **common,  # type: ignore[arg-type]
            )


# -- numbers of papers


def find_numbers(unit: ExaminedUnit) -> Iterator[Anomaly]:
    """A number on several papers, or numbers of the service's own book that stand on none (NĐ 30/2020 Đ15)."""
    for twice in find_twice(unit.numbers):
        days_of = "; ".join(day_vi(paper.dated) for paper in twice.papers)
        yield Anomaly(
            code=AnomalyCode.NUMBER_DUPLICATE,
            severity=AnomalySeverity.FIX,
            unit=unit.unit.id,
            vi=f"Số {twice.symbol} năm {twice.year} đứng trên {len(twice.papers)} văn bản, đề ngày {days_of}",
            en=f"The number {twice.symbol} of {twice.year} stands on {len(twice.papers)} papers, of {days_of}",
            article=DEFAULT,
            since=start_of_day(twice.papers[-1].dated),
            document=twice.papers[-1].document,
        )
    for gap in find_gaps(unit.numbers, own_only=True):
        book = f"Sổ {gap.book}" if gap.book else "Sổ văn bản đi"
        yield Anomaly(
            code=AnomalyCode.NUMBER_GAP,
            severity=AnomalySeverity.LOOK,
            unit=unit.unit.id,
            vi=f"{book} năm {gap.year} không có văn bản mang số {gap.span}, sau số {gap.after.symbol} "
            f"ngày {day_vi(gap.after.dated)}",
            en=f"The book of {gap.year} has no paper numbered {gap.span}, after {gap.after.symbol} of "
            f"{day_vi(gap.after.dated)}",
            article=DEFAULT,
            since=start_of_day(gap.after.dated),
            document=gap.after.document,
        )
