"""One field that finds people, units, classes and papers."""

from starlette.responses import Response

from access_service.domain.names import ClassId
from access_service.usecases.evidence.finding import find_named
from access_service.web.page import PageRouter, Visit

router = PageRouter()
LONGEST = 200


@router.show("/tim")
def find(visit: Visit) -> Response:
    """What was found, by kind; what agrees in its marks first."""
    query = visit.query.get("q", "").strip()[:LONGEST]
    found = find_named(visit.services, visit.caller, query)
    schools = {c.id: ClassId(c.id).partition(":")[0] for c in found.classes}
    return visit.render("finder/found.html", query=query, found=found, schools=schools, school_names=found.names)
