"""What in the results of a campaign is doubted: a spoilt one, a drift, a sensor that is stuck."""

import math
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from labloop.campaign.watching.evidence import Smooth, smooth
from labloop.campaign.watching.repeats import equal_rows, stands_still
from labloop.errors import SpaceError
from labloop.objectives import Maximize, Minimize, Objectives
from labloop.records import Dataset, FloatArray, Json, Observation, Point
from labloop.space import SearchSpace

STUCK, DRIFT, OUTLIER = "sensor-stuck", "drift", "outlier"

_FEW = 8
"""Fewer results are not judged by a surface."""
_MOST, _NEWEST = 60, 20
"""Of more results the newest are judged, and of the others evenly many."""
_SURE = {DRIFT: math.log(200.0), OUTLIER: math.log(400.0 * 25.0)}
"""Log Bayes factor from which on a doubt is told. One result in four hundred is spoilt."""
_STILL = {DRIFT: math.log(3.0), OUTLIER: math.log(400.0)}
"""Down to which one that was told stands."""
_SPOILT = 0.1
"""At most this share of the results is spoilt."""
_BELIEVED_NOT = 1e4
"""Relative variance of a result that is not believed."""
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Doubt:
    """One doubt about results, in words."""

    kind: str
    about: str
    """What it is about: the same doubt, found again, is about the same."""
    experiments: tuple[int, ...]
    """Numbers of the experiments that it names."""
    message: str
    data: Mapping[str, Json]

    @property
    def subject(self) -> tuple[str, str]:
        """By which it is known again."""
        return self.kind, self.about


def find_doubts(
    data: Dataset,
    space: SearchSpace,
    objectives: Objectives,
    numbers: Mapping[str, int],
    name: str,
    standing: Collection[tuple[str, str]] = (),
) -> list[Doubt]:
    """Return what is doubted in the results of a campaign.

    Args:
        data: all of them.
        space: where they lie; what has no place in it is not judged.
        objectives: a result that is better than foretold is never called spoilt.
        numbers: experiment id -> number.
        name: of the campaign, for what is typed.
        standing: subjects of the doubts that were told and stand so far.
    """
    done = _placed(space, data.done)
    found = _stuck_conditions(done, numbers, name)
    for output in dict.fromkeys(n for one in done for n in (*one.outputs, *one.curves)):
        of_output = [one for one in done if output in one.outputs]
        values = [one.outputs[output] for one in of_output]
        if not of_output:
            of_output = [one for one in done if output in one.curves]
            found += _stuck_curves(output, of_output, space, numbers, name)
            continue
        stuck = _stuck(output, values, of_output, space, numbers, name)
        found += stuck
        if not stuck and len(of_output) >= _FEW and len(set(values)) > _FEW // 2:
            watched = _Watched(output, of_output, space, numbers, name, standing)
            found += watched.doubts(_bad_side(objectives, output))
    return found


def _placed(space: SearchSpace, done: Sequence[Observation]) -> list[Observation]:
    """Return the results that have a place in the space."""

    def has_place(one: Observation) -> bool:
        try:
            space.encode([one.point])
        except SpaceError:
            return False
        return True

    try:
        space.encode([one.point for one in done])
    except SpaceError:
        return [one for one in done if has_place(one)]
    return list(done)


def _bad_side(objectives: Objectives, output: str) -> float:
    """Return 1 where small results are bad, -1 where large ones are, 0 where both may be."""
    aim = next((aim for aim in objectives.aims if aim.output == output), None)
    return 1.0 if isinstance(aim, Maximize) else -1.0 if isinstance(aim, Minimize) else 0.0


class _Watched:
    """The numbers of one output, judged by a smooth surface through them."""

    def __init__(
        self,
        output: str,
        done: Sequence[Observation],
        space: SearchSpace,
        numbers: Mapping[str, int],
        name: str,
        standing: Collection[tuple[str, str]],
    ) -> None:
        self._output, self._name, self._standing = output, name, standing
        self._count = len(done)
        self._places = _telling(len(done))
        self._done = [done[i] for i in self._places]
        self._numbers = [numbers[one.experiment_id] for one in self._done]
        self._x = np.asarray(space.encode([one.point for one in self._done]))
        self._y = np.array([one.outputs[output] for one in self._done])
        self._variance = _relative_variances([one.sd.get(output) for one in self._done])

    def doubts(self, bad: float) -> list[Doubt]:
        """Return spoilt results, and the drift of the others."""
        found, surface = self._spoilt(bad)
        return [*found, *self._drift(surface)]

    def _spoilt(self, bad: float) -> tuple[list[Doubt], Smooth]:
        spoilt: list[int] = []
        variance = self._variance.copy()
        surface = smooth(self._x, self._y, variance)
        for _ in range(max(1, int(_SPOILT * len(self._y)))):
            away = surface.left_out()
            badness = -np.abs(away) if bad == 0.0 else bad * away
            worst = int(np.argmin(np.where(variance < _BELIEVED_NOT, badness, np.inf)))
            direction = np.zeros(len(self._y))
            direction[worst] = 1.0
            sure = surface.added(direction, noises=8.0, spread=1.0)
            if badness[worst] >= 0.0 or sure < self._needed(OUTLIER, self._about(worst)):
                break
            variance[worst] = _BELIEVED_NOT
            surface = smooth(self._x, self._y, variance)
            spoilt.append(worst)
        return [self._outlier(index, surface.foretold(index)) for index in spoilt], surface

    def _about(self, index: int) -> str:
        return f"{self._output}:{self._numbers[index]}"

    def _needed(self, kind: str, about: str) -> float:
        return (_STILL if (kind, about) in self._standing else _SURE)[kind]

    def _outlier(self, index: int, foretold: tuple[float, float]) -> Doubt:
        number, value = self._numbers[index], float(self._y[index])
        mean, sd = foretold
        message = (
            f"{self._output} = {value:.4g} of experiment {number}, where the other results say "
            f"{mean:.4g} +- {sd:.2g}: it may be spoilt. Repeat it ({self._again(index)}), or put "
            f"it aside: labloop withdraw {self._name} {number} --reason '...'"
        )
        data: dict[str, Json] = {"output": self._output, "value": value, "foretold": mean}
        return Doubt(OUTLIER, self._about(index), (number,), message, data)

    def _drift(self, surface: Smooth) -> list[Doubt]:
        time = np.asarray(self._places) / (self._count - 1) - 0.5
        sure = surface.added(time, noises=4.0, spread=1.0)
        if sure < self._needed(DRIFT, self._output):
            return []
        size, first, last = surface.along(time), self._numbers[0], self._numbers[-1]
        message = (
            f"{self._output} walks with time, by about {size:+.3g} from experiment {first} to "
            f"{last} beside what the settings explain (odds {_odds(sure)}). Look at the instrument "
            f"and do an early experiment once more ({self._again(0)}); where it drifted, put aside "
            f"what is wrong: labloop withdraw {self._name} {last} --reason '...'"
        )
        data: dict[str, Json] = {"output": self._output, "size": size}
        return [Doubt(DRIFT, self._output, (first, last), message, data)]

    def _again(self, index: int) -> str:
        one = self._done[index]
        return f"labloop command {self._name} add {_words(one.asked or one.point)}"


def _telling(count: int) -> list[int]:
    """Return which of ``count`` results are judged: the newest, and evenly many of the others."""
    if count <= _MOST:
        return list(range(count))
    older = count - _NEWEST
    step = -(-older // (_MOST - _NEWEST))
    return [*range(0, older, step), *range(older, count)]


def _relative_variances(sds: Sequence[float | None]) -> FloatArray:
    """Return the variances of results relative to the usual one; 1 where none is known."""
    known = [sd for sd in sds if sd]
    if not known:
        return np.ones(len(sds))
    usual = float(np.median(known))
    return np.array([max(1.0, (sd or usual) / usual) ** 2 for sd in sds])


def _stuck(
    what: str,
    values: Sequence[Hashable],
    done: Sequence[Observation],
    space: SearchSpace,
    numbers: Mapping[str, int],
    name: str,
) -> list[Doubt]:
    points = [one.asked or one.point for one in done]
    rows = equal_rows(values, [tuple(_setting(p.get(n)) for n in space.names) for p in points])
    return [_stuck_doubt(what, values[r[0]], [done[i] for i in r], numbers, name) for r in rows]


def _setting(value: object) -> float | str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    return str(value)


def _stuck_doubt(
    what: str,
    value: Hashable,
    done: Sequence[Observation],
    numbers: Mapping[str, int],
    name: str,
) -> Doubt:
    named = tuple(numbers[one.experiment_id] for one in done)
    gave = f"{what} = {value:.6g}" if isinstance(value, float) else f"the same curve {what}"
    message = (
        f"{gave} in each of the experiments {_listed(named)}, bit for bit, although all settings "
        f"changed: the sensor may be stuck, or at the end of its range. Look at it; where it was, "
        f"put these aside: labloop withdraw {name} {_typed(named)} --reason '...'"
    )
    return Doubt(STUCK, f"{what}:{named[0]}", named, message, {"output": what})


def _stuck_conditions(
    done: Sequence[Observation], numbers: Mapping[str, int], name: str
) -> list[Doubt]:
    """Return doubts of conditions that were measured to be the same, whatever was asked for."""
    found: list[Doubt] = []
    reached = [one for one in done if one.asked is not None]
    for parameter in reached[0].point if reached else ():
        asked = [(_setting((one.asked or one.point)[parameter]),) for one in reached]
        values = [_setting(one.point[parameter]) for one in reached]
        if all(isinstance(value, float) for value in values):
            for row in equal_rows(values, asked):
                members = [reached[i] for i in row]
                what = f"the {parameter} that was reached"
                found.append(_stuck_doubt(what, values[row[0]], members, numbers, name))
    return found


def _stuck_curves(
    what: str,
    done: Sequence[Observation],
    space: SearchSpace,
    numbers: Mapping[str, int],
    name: str,
) -> list[Doubt]:
    """Return doubts of curves that come again bit for bit, and of those that stand still."""
    curves = [one.curves[what] for one in done]
    same = [(curve.x.tobytes(), curve.y.tobytes()) for curve in curves]
    found = _stuck(what, same, done, space, numbers, name)
    for index in range(max(3, len(done) - _NEWEST), len(done)):
        still = stands_still(curves[index], curves[max(0, index - _NEWEST) : index])
        if still:
            number = numbers[done[index].experiment_id]
            message = (
                f"the curve {what} of experiment {number} has one value over {still} of its "
                f"{len(curves[index].y)} points in a row, which no curve before had: the sensor "
                "may be stuck, or at the end of its range. Look at it; where it was, put it aside: "
                f"labloop withdraw {name} {number} --reason '...'"
            )
            found.append(Doubt(STUCK, f"{what}:{number}", (number,), message, {"output": what}))
    return found


def _listed(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:_SHOWN]))
    return shown if len(numbers) <= _SHOWN else f"{shown}, ... {numbers[-1]} ({len(numbers)})"


def _typed(numbers: Sequence[int]) -> str:
    return " ".join(map(str, numbers))


def _words(point: Point) -> str:
    return " ".join(
        f"{k}={v:.4g}" if isinstance(v, float) else f"{k}={v}" for k, v in point.items()
    )


def _odds(sure: float) -> str:
    return f"{math.exp(min(sure, math.log(1e6))):.0f} : 1"
