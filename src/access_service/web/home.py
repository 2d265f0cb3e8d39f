"""The first page of everybody: what waits, by groups, and the units that they act for."""

from itertools import groupby

from starlette.responses import Response

from access_service.domain.time import local
from access_service.usecases.tasks.unit_cards import home_of
from access_service.web.event_words import tell_line
from access_service.web.page import PageRouter, Visit
from access_service.web.task_words import heading_of, show_task

router = PageRouter()


@router.show("/viec")
def show_home(visit: Visit) -> Response:
    """Each task with one button; groups that are empty are not there."""
    home = home_of(visit.services, visit.caller)
    tasks = [show_task(task) for task in home.waiting.tasks]
    groups = [
        (str(group), heading_of(group, leads=bool(home.waiting.led)), list(found))
        for group, found in groupby(tasks, key=lambda shown: shown.task.group)
    ]
    return visit.render(
        "home/tasks.html",
        groups=groups,
        waiting=home.waiting,
        cards=home.cards,
        articles=home.articles,
        lately=home.lately,
        days_to_opening=home.days_to_opening,
        today=local(visit.services.db.now()).date(),
        deed=tell_line,
        is_many=len(home.waiting.names) > 1,
    )
