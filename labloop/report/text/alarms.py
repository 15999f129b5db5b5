"""Alarms of a campaign in groups: a repeated one once, with the round since which it holds."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from labloop.records import Alarm, AlarmRecord, Json, Severity
from labloop.report.data import CampaignData

_ABOUT_A_FIT = "physics-"
"""Alarms of these kinds are raised again in every round as long as their cause lasts."""
_HOLD = ("sensor-stuck", "drift", "outlier", "device-failing", "station-left-out")
"""Alarms of these kinds hold until one of the same subject, without experiments, ends them."""
_GROWN, _MUCH = 2.0, 0.1
"""Times as much, and at least so great a share, that what is unexplained must be to ring again."""
_CHANGED = 1.5
_OF_ONE_PHYSICS = ("physics-missing", "physics-parameter", "physics-wrong")
"""Doubts of one cause: a constant far off and a term that is missing are seen together."""
_DOUBTED, _GRAVE, _REJECTED = 1, 2, 3
_NAMES_ONE_OF_ALL = "physics-missing"
"""It names the constant with the greatest effect; whichever that is, it is one group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmGroup:
    """One alarm, or several of one kind about the same thing."""

    kind: str
    severity: Severity
    message: str
    """As it was said last."""
    times: int
    first: int | None
    """Round in which it was raised first; None where it belongs to no round."""
    since: int | None
    """Round in which the last unbroken run of them began."""
    last: int | None
    about: str
    """What it names now, a constant of the physics or results; empty where it names none."""
    about_since: int | None
    """Since which round it names that, without having named another."""
    experiment: int | None
    """Number of the experiment that it is about."""
    in_force: bool
    """Whether it was raised in the newest round looked at, or has not ended since."""
    is_open: bool = False
    """Whether it is critical and nobody has acknowledged it."""
    changes: float = 0.0
    """What it would change of the best expected, in standard deviations of the scores so far.

    0 where that is not known."""
    course: str = ""
    """How it has grown or shrunk since it was raised first, in words; empty where it has not."""

    @property
    def words(self) -> str:
        """What, since when and why, in a line."""
        return f"{self.kind}, {self.when}: {self.message}"

    @property
    def when(self) -> str:
        """Since when, in words."""
        if self.last is None:
            where = "" if self.experiment is None else f"experiment {self.experiment}"
            if self.about and not self.in_force:
                return "no longer"
            if self.about and where:
                return f"since {where}"
            return where or "at no round"
        if self.in_force:
            other = (self.about_since or 0) > (self.since or 0)
            now = f", of {self.about} since round {self.about_since}" if other else ""
            again = "" if self.first == self.since else f", first in round {self.first}"
            course = f", {self.course}" if self.course else ""
            return f"since round {self.since}{again}{now}{course}"
        if self.times == 1:
            return f"in round {self.last}, not since"
        return f"{self.times} times from round {self.first} to {self.last}, not since"


class AlarmBell:
    """Rings once for each doubt, and where it has become graver.

    A constant far from its prior, a missing term and a rejected physics are one doubt about one
    physics. It rings when it arises; again where constants leave a tenth of the outputs' variance
    and twice as much as when it rang; and where the physics is rejected, after which it is silent.
    So physics that is never rejected rings at most twice; lists of alarms tell what became of it.
    """

    def __init__(self) -> None:
        self._told: dict[Hashable, tuple[int, float]] = {}
        self._read = 0

    def ring(self, raised: Sequence[AlarmRecord]) -> list[AlarmRecord]:
        """Return what is news, given all alarms of a campaign; of each doubt the latest words."""
        news: dict[Hashable, AlarmRecord] = {}
        for record in raised[self._read :]:
            doubt = self._doubt(record)
            level, before = self._told.get(doubt, (0, 0.0))
            now, left = _gravity(record, before), _number(record, "unexplained")
            if now > level:
                self._told[doubt], news[doubt] = (now, left), record
            elif doubt in news and alarm_subject(news[doubt]) == alarm_subject(record):
                news[doubt] = record
        self._read = len(raised)
        return list(news.values())

    @staticmethod
    def _doubt(record: AlarmRecord) -> Hashable:
        if record.alarm.kind in _OF_ONE_PHYSICS:
            return _OF_ONE_PHYSICS, record.alarm.data.get("physics")
        return alarm_subject(record)


def _gravity(record: AlarmRecord, before: float) -> int:
    """Return how grave a doubt is, ``before`` being the share unexplained when it rang last."""
    if record.alarm.kind == "physics-wrong":
        return _REJECTED
    left = _number(record, "unexplained")
    return _GRAVE if left >= max(_MUCH, _GROWN * before) else _DOUBTED


def campaign_alarms(data: CampaignData, until: int | None = None) -> tuple[AlarmGroup, ...]:
    """Return the alarms of a campaign that was read, up to a round; see :func:`group_alarms`."""
    fitted = [r.index for r in data.rounds if r.fit_report]
    numbers = {t.record.id: t.record.number for t in data.experiments}
    return group_alarms(data.alarms, fitted, until, numbers)


def group_alarms(
    raised: Sequence[AlarmRecord],
    fitted: Sequence[int],
    until: int | None,
    numbers: Mapping[str, int],
) -> tuple[AlarmGroup, ...]:
    """Return the alarms of a campaign, repeated ones folded.

    Those in force stand first, and of them those that would change most; then the newest.

    Args:
        raised: the alarms in order.
        fitted: the rounds that had a fitted model, in order.
        until: the newest round to look at; None for all.
        numbers: experiment id -> number.
    """
    groups: dict[Hashable, list[AlarmRecord]] = {}
    for record in raised:
        if until is not None and (record.round_index or 0) > until:
            continue
        key = alarm_subject(record)
        # Folded alarms stand where the newest of them was raised.
        groups[key] = [*groups.pop(key, []), record]
    newest = max((i for i in fitted if until is None or i <= until), default=until)
    folded = [_folded(group, fitted, newest, numbers) for group in reversed(groups.values())]
    return tuple(sorted(folded, key=lambda group: (not group.in_force, -group.changes)))


def alarm_subject(record: AlarmRecord) -> Hashable:
    """Return what alarms of one group share: the constant for those of a fit, else every word."""
    alarm = record.alarm
    if alarm.kind == _NAMES_ONE_OF_ALL:
        return alarm.kind
    if alarm.kind.startswith(_ABOUT_A_FIT):
        return alarm.kind, _about(record)
    if _is_lasting(record):
        return alarm.kind, _about(record)
    return alarm.kind, alarm.message, record.experiment_id


def doubts_of(raised: Sequence[AlarmRecord], number: int) -> list[str]:
    """Return what is doubted of one experiment and has not ended since, in words.

    Args:
        raised: all alarms of its campaign in order.
        number: its number.
    """
    latest = {alarm_subject(record): record.alarm for record in raised if _is_lasting(record)}
    return [f"{a.kind}: {a.message}" for a in latest.values() if number in _named(a)]


def _named(alarm: Alarm) -> Sequence[Json]:
    """Return the numbers of the experiments that an alarm names."""
    named = alarm.data.get("experiments", ())
    return named if isinstance(named, (list, tuple)) else ()


def _is_lasting(record: AlarmRecord) -> bool:
    return record.alarm.kind in _HOLD and "subject" in record.alarm.data


def _number(record: AlarmRecord, name: str) -> float:
    value = record.alarm.data.get(name)
    return float(value) if isinstance(value, (int, float)) else 0.0


def _about(record: AlarmRecord) -> str:
    return str(record.alarm.data.get("parameter", record.alarm.data.get("subject", "")))


def _folded(
    group: Sequence[AlarmRecord],
    fitted: Sequence[int],
    newest: int | None,
    numbers: Mapping[str, int],
) -> AlarmGroup:
    rounds = sorted({r.round_index for r in group if r.round_index is not None})
    latest = group[-1]
    named = list(takewhile(lambda r: _about(r) == _about(latest), reversed(group)))
    return AlarmGroup(
        kind=latest.alarm.kind,
        severity=latest.alarm.severity,
        message=latest.alarm.message,
        times=len(group),
        first=rounds[0] if rounds else None,
        since=_unbroken(rounds, fitted),
        last=rounds[-1] if rounds else None,
        about=_about(latest),
        about_since=named[-1].round_index,
        experiment=numbers.get(latest.experiment_id or ""),
        in_force=_holds(latest) or (bool(rounds) and rounds[-1] == newest),
        is_open=any(record.is_open for record in group),
        changes=_number(latest, "changes"),
        course=_course(_number(group[0], "unexplained"), _number(latest, "unexplained")),
    )


def _course(first: float, now: float) -> str:
    """Return how the share that is unexplained went, where it went anywhere."""
    if first <= 0.0 or now <= 0.0 or 1 / _CHANGED < now / first < _CHANGED:
        return ""
    grown = "grown" if now > first else "shrunk"
    return f"unexplained variance {grown} from {100 * first:.2g} to {100 * now:.2g} %"


def _holds(record: AlarmRecord) -> bool:
    """Return whether an alarm holds until it is ended, and nothing has ended it."""
    return _is_lasting(record) and bool(_named(record.alarm))


def _unbroken(rounds: Sequence[int], fitted: Sequence[int]) -> int | None:
    """Return where the last run of rounds begins between which no fitted round was silent."""
    if not rounds:
        return None
    since = rounds[-1]
    for earlier in reversed(rounds[:-1]):
        if any(earlier < i < since for i in fitted if i not in rounds):
            break
        since = earlier
    return since
