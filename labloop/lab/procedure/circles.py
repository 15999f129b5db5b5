"""Circles of waiting: experiments each of which waits for what another one of them holds.

The detection of deadlocks by reduction (Coffman, Elphick, Shoshani, Computing Surveys 3, 1971):
whoever could go on, once all that others will give back is given back, is taken out; who is left
waits for ever.
"""

from collections.abc import Sequence

from labloop.lab.procedure.requests import Hold, Request


def in_circle(request: Request, waiting: Sequence[Request]) -> Sequence[Request]:
    """Return the requests that wait for each other with ``request``; empty where it can go on.

    What is held by a task that waits for nothing counts as given back some day.
    """
    left = list(waiting)
    while True:
        kept = {hold for each in left for hold in each.enclosing}
        stuck = [each for each in left if not _can_go_on(each, kept)]
        if len(stuck) == len(left):
            return left if request in left else ()
        left = stuck


def _can_go_on(request: Request, kept: set[Hold]) -> bool:
    """Return whether each kind has a station that nobody keeps for ever, or that has room."""
    return all(
        any(
            kept.isdisjoint(station.inside) or pool.has_room(station, setting)
            for station in pool.stations
        )
        for pool, setting in request.settings.items()
    )
