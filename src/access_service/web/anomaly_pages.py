"""What looks wrong in a unit and below it, on a screen."""

from starlette.responses import Response

from access_service.domain.anomalies import CLEARED_BY, AnomalyCode, AnomalySeverity
from access_service.domain.errors import InvalidError
from access_service.domain.names import UnitId
from access_service.rendering.anomaly_words import ANOMALY_WORDS
from access_service.usecases.evidence.anomaly_list import AnomalyList, list_anomalies
from access_service.web.page import PageRouter, Visit
from access_service.web.phrases import t

router = PageRouter()
SEVERITIES = (
    (AnomalySeverity.FIX, "Phải khắc phục", "bad"),
    (AnomalySeverity.LOOK, "Cần xem xét", "wait"),
    (AnomalySeverity.INFO, "Để biết", "act"),
)


@router.show("/don-vi/{dv}/bat-thuong")
def show_anomalies(visit: Visit) -> Response:
    """The list by what it is, what must be mended first."""
    unit, number = UnitId(visit.at["dv"]), visit.query.get("trang", "1")
    if not number.isdecimal():
        raise InvalidError("a page is a number from 1", field="trang")
    found = list_anomalies(visit.services, visit.caller, unit, page=int(number[:6]))
    path = f"/don-vi/{unit}/bat-thuong"
    page = int(number[:6])
    links = {
        "before": f"{path}?trang={page - 1}" if page > 1 else "",
        "after": f"{path}?trang={page + 1}" if page < found.pages else "",
    }
    return visit.render("anomalies/list.html", found=found, groups=_groups(found), links=links)


def _groups(found: AnomalyList) -> list[tuple[str, str, list[tuple[str, list[object]]]]]:
    """By severity, then by kind, in the order of the kinds."""
    groups = []
    for severity, word, tone in SEVERITIES:
        kinds: list[tuple[str, list[object]]] = []
        for code in AnomalyCode:
            lines: list[object] = [
                x for x in found.lines if x.anomaly.severity is severity and x.anomaly.code is code
            ]
            if lines:
                kinds.append((t(ANOMALY_WORDS[code]), lines))
        if kinds:
            groups.append((t(word), tone, kinds))
    return groups


def list_words() -> list[str]:
    """Every word, for the test that English is complete."""
    return [*ANOMALY_WORDS.values(), *CLEARED_BY.values(), *(word for _, word, _ in SEVERITIES)]
