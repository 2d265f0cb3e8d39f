"""Help: what each page is for, in a few sentences, and whom to ask; open to whoever has not signed in yet."""

from starlette.responses import Response

from access_service.web.cookies import Hat
from access_service.web.guide_pages import guides
from access_service.web.page import PageRouter, Visit

router = PageRouter()


@router.show("/tro-giup", hat=Hat.NOBODY)
def show_help(visit: Visit) -> Response:
    """One page, with an anchor for each errand."""
    return visit.render("help/all.html", guides=[(name, title) for name, (title, _) in guides().items()])
