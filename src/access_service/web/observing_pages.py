"""Where an enforcement point's answers are logged and not enforced yet, and the button that cuts a unit over."""

from datetime import timedelta

from starlette.responses import Response

from access_service.domain.errors import NotFoundError, RefusedError
from access_service.domain.names import ClientId, SoftwareId, UnitId
from access_service.domain.observing import Difference, Mode
from access_service.domain.text import REASON_TEXT, REFUSAL_TEXT
from access_service.usecases.evidence.observed_units import DAYS, ObservingReport, report_observing
from access_service.usecases.third_party.cutting_over import begin_observing, cut_over
from access_service.web.cookies import Hat
from access_service.web.page import PageRouter, Visit

router = PageRouter()
DIFFERENCES = {
    Difference.OLD_ALLOWED: "Hệ thống cũ cho phép, nay sẽ bị từ chối",
    Difference.OLD_DENIED: "Hệ thống cũ từ chối, nay sẽ được phép",
    Difference.UNTOLD: "Không rõ hệ thống cũ, nay sẽ bị từ chối",
}
MODES = {Mode.OBSERVE: ("Đang quan sát", "wait", "clock"), Mode.ENFORCE: ("Đang áp dụng", "ok", "check")}
AT = "/phan-mem/{id}/quan-sat"


@router.show(AT)
def show_observing(visit: Visit) -> Response:
    """By unit, what the old system and the service answered alike and differently in the last days."""
    return visit.render("software/observing.html", **_needs(visit))


@router.act(AT, hat=Hat.ADMIN)
def change_mode(visit: Visit) -> Response:
    """Enforce at one unit from now on; or observe there once more, for as long as it may still take."""
    client, unit = ClientId(visit.form.text("may")), UnitId(visit.form.text("don_vi"))
    found = report_observing(visit.services, visit.caller, SoftwareId(visit.at["id"]))
    line = next((u for u in found.units if (u.client, u.unit) == (client, unit)), None)
    if line is None:
        raise NotFoundError("client", client)
    try:
        if visit.form.text("viec") == "quan-sat":
            until = line.first + timedelta(days=visit.services.observe_days)
            begin_observing(visit.services, visit.caller, client, frozenset({unit}), until=until)
            said = "Đã quay lại quan sát ở {unit}."
        else:
            cut_over(visit.services, visit.caller, client, frozenset({unit}))
            said = "Đã chuyển {unit} sang áp dụng."
    except NotFoundError:
        raise
    except RefusedError as error:
        return visit.again("software/observing.html", error, **_needs(visit, found))
    return visit.redirect(AT.format(id=visit.at["id"]), said, unit=line.unit_name)


def _needs(visit: Visit, found: ObservingReport | None = None) -> dict[str, object]:
    report = found or report_observing(visit.services, visit.caller, SoftwareId(visit.at["id"]), days=DAYS)
    texts = {str(code): text for table in (REFUSAL_TEXT, REASON_TEXT) for code, text in table.items()}
    return {"found": report, "differences": DIFFERENCES, "modes": MODES, "texts": texts}


def list_words() -> list[str]:
    """Every word, for the test that English is complete."""
    return [*DIFFERENCES.values(), *(word for word, _, _ in MODES.values())]
