"""Looks at the results of a campaign again and again, and stores each doubt once as an alarm."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from labloop.campaign.progress import build_dataset
from labloop.campaign.watching.doubts import DRIFT, OUTLIER, STUCK, Doubt, find_doubts
from labloop.objectives import Objectives
from labloop.records import (
    Alarm,
    CampaignRecord,
    Dataset,
    Repositories,
    Severity,
    experiment_number,
)
from labloop.space import SearchSpace

_KINDS = {STUCK, DRIFT, OUTLIER}
_NOT_BELIEVED = "result-doubted"
"""The kind of the alarm of a model that learns nothing from results."""
_SELDOM = 20
"""After so many results, and each time as many again, every further one is not looked at."""


class ResultWatch:
    """Raises an alarm where a doubt is new, and one that says so where it has gone.

    Which doubts stand is read of the stored alarms, so that a resumed campaign raises none twice.
    It is used by one thread.

    Args:
        repositories: where alarms are stored.
        record: the campaign.
    """

    def __init__(self, repositories: Repositories, record: CampaignRecord) -> None:
        self._repositories, self._record = repositories, record
        self._looked = 0
        """How many results there were when they were looked at."""
        self._standing: dict[tuple[str, str], int] | None = None
        """Subject of each doubt that stands -> how many experiments it named."""

    def look(
        self, data: Dataset, space: SearchSpace, objectives: Objectives, *, now: bool = False
    ) -> list[Doubt]:
        """Look at all results where there are enough new ones; return what is doubted newly.

        Args:
            data: all results.
            space: where they lie.
            objectives: what is wanted of them.
            now: look also where there is little new.
        """
        count = len(data.done)
        if count == self._looked or (not now and count - self._looked < count // _SELDOM):
            return []
        self._looked = count
        standing = self._known()
        numbers = {o.experiment_id: experiment_number(o.experiment_id) for o in data.done}
        name = self._record.name
        found = find_doubts(data, space, objectives, numbers, name, standing.keys())
        newest = data.done[-1].experiment_id if count else None
        fresh = [one for one in found if _is_news(one, standing.get(one.subject, 0), now=now)]
        for doubt in fresh:
            standing[doubt.subject] = len(doubt.experiments)
            self._raise(doubt.kind, doubt.about, doubt.message, newest, doubt)
        for kind, about in standing.keys() - {doubt.subject for doubt in found}:
            del standing[kind, about]
            self._raise(kind, about, f"what was told of {_words(about)}", newest)
        return fresh

    def _known(self) -> dict[tuple[str, str], int]:
        if self._standing is None:
            self._standing = {}
            for record in self._repositories.alarms.all(self._record.id):
                kind, data = record.alarm.kind, record.alarm.data
                if kind in _KINDS:
                    named: Any = data.get("experiments", ())
                    self._standing[kind, str(data["subject"])] = len(named)
            self._standing = {key: many for key, many in self._standing.items() if many}
        return self._standing

    def _raise(
        self, kind: str, about: str, message: str, newest: str | None, doubt: Doubt | None = None
    ) -> None:
        """Store an alarm; nobody waits for the commit. One without experiments ends a doubt."""
        named = list(doubt.experiments) if doubt else []
        data = {**(doubt.data if doubt else {}), "subject": about, "experiments": named}
        severity = Severity.WARNING if doubt else Severity.INFO
        self._repositories.alarms.add(
            self._record.id, Alarm(kind, message, severity, data), experiment_id=newest
        )


def name_experiments(alarm: Alarm, data: Dataset, name: str) -> Alarm:
    """Return an alarm of a model that does not believe results, with their experiments named.

    Args:
        alarm: any; others are returned as they are.
        data: what the model learned from.
        name: of the campaign.
    """
    if alarm.kind != _NOT_BELIEVED:
        return alarm
    output, values = str(alarm.data.get("output")), alarm.data.get("values")
    doubted: Any = values if isinstance(values, list) else []
    named = [
        experiment_number(o.experiment_id) for o in data.done if o.outputs.get(output) in doubted
    ]
    if not named:
        return alarm
    listed, typed = ", ".join(map(str, named)), " ".join(map(str, named))
    told = f"experiment {listed}: {alarm.message}: labloop withdraw {name} {typed} --reason '...'"
    return replace(alarm, message=told, data={**alarm.data, "experiments": named})


def _is_news(doubt: Doubt, told: int, *, now: bool) -> bool:
    """Return whether a doubt is told, where ``told`` experiments were named by it before."""
    grown = told + 1 if now else 2 * told
    return not told or (doubt.kind == STUCK and len(doubt.experiments) >= grown)


def _words(about: str) -> str:
    what, _, number = about.rpartition(":")
    return f"{what}, from experiment {number} on" if what else about


def watch_stored(repositories: Repositories, record: CampaignRecord) -> list[str]:
    """Look at the results of a campaign that no process is at; return new doubts, in words.

    No code of the campaign runs.
    """
    spec: Mapping[str, Any] = record.spec
    space = SearchSpace.from_spec(spec["space"])
    data = build_dataset(repositories, record.id, space)
    objectives = Objectives.from_spec(spec["objective"])
    found = ResultWatch(repositories, record).look(data, space, objectives, now=True)
    return [f"{doubt.kind}: {doubt.message}" for doubt in found]
