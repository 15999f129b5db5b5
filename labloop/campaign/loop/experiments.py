"""The experiments of a run: their jobs, when each began, what each measured and cost."""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TypeAlias

from labloop.campaign.decisions import Ended, FailureRule
from labloop.campaign.definition import CampaignSpec, cost_of, counts_changeover, stop_rule_reason
from labloop.campaign.execution import job_of
from labloop.campaign.loop.outcomes import Outcomes
from labloop.campaign.progress import (
    LabTime,
    LiveDataset,
    build_dataset,
    in_order,
    incurs_cost,
    is_informative,
    observation,
    seconds_between,
)
from labloop.campaign.watching import ResultWatch
from labloop.records import (
    CampaignRecord,
    ExperimentJob,
    ExperimentRecord,
    ExperimentResult,
    ExperimentState,
    OutputValue,
    Point,
    Repositories,
    experiment_number,
    make_experiment_id,
)

Judge: TypeAlias = Callable[[ExperimentResult], tuple[ExperimentResult, FailureRule | None]]
"""Returns a result as it is stored, and the rule for its failure."""


class RunExperiments:
    """Keeps what the loop must know of each experiment, and stores how each ended.

    The loop's thread changes it; only :meth:`lab_seconds` may be called from any thread.

    Args:
        spec: the campaign's definition.
        record: the campaign.
        repositories: where ends are stored.
        actor: who is written on each row.
    """

    def __init__(
        self, spec: CampaignSpec, record: CampaignRecord, repositories: Repositories, actor: str
    ) -> None:
        self._campaign_id = record.id
        self._repositories = repositories
        self._actor = actor
        self._watch = ResultWatch(repositories, record)
        self._use(spec)
        self._jobs: dict[str, ExperimentJob] = {}
        self._lab_time = LabTime()
        self._started: dict[str, float] = {}
        """Running experiment -> lab second at which it was started."""
        self._waits: dict[str, str] = {}
        self._lock = threading.Lock()

    def _use(self, spec: CampaignSpec) -> None:
        """Judge and keep what is measured by a definition, from the beginning."""
        self.dataset = LiveDataset(spec.objectives)
        self._spec, self._timed = spec, spec.per == "hour"
        self._outcomes = Outcomes(spec, self._repositories, self._actor)

    def load(self) -> None:
        """Read what was planned and measured before this process began."""
        for start, end in self._repositories.experiments.waited(self._campaign_id):
            self._lab_time.add(start, end)
        rows = self._repositories.experiments.all(self._campaign_id)
        for row in rows:
            self._jobs[row.id] = job_of(row)
            self._lab_time.add(row.lab_started, row.lab_finished)
        self._read(rows)

    def change(self, spec: CampaignSpec) -> None:
        """Go on with another definition: all that was measured is read anew by it."""
        self._use(spec)
        self._read(self._repositories.experiments.all(self._campaign_id))

    def _read(self, rows: Iterable[ExperimentRecord]) -> None:
        for row in rows:
            self.dataset.numbers[row.id] = row.number
            self.dataset.failed += row.state is ExperimentState.FAILED
        data = build_dataset(
            self._repositories, self._campaign_id, self._spec.space, timed=self._timed
        )
        self.dataset.add(*data.observations)

    def add(self, jobs: Iterable[ExperimentJob]) -> None:
        """Note experiments that were planned."""
        self._jobs.update({job.experiment_id: job for job in jobs})

    def start(self, jobs: Iterable[ExperimentJob], now: float) -> None:
        """Note experiments that are started now, in lab seconds of the campaign."""
        jobs = tuple(jobs)
        self.add(jobs)
        self.dataset.numbers |= {job.experiment_id: job.number for job in jobs}
        with self._lock:
            self._started |= dict.fromkeys((job.experiment_id for job in jobs), now)

    def started(self, experiment_id: str) -> float:
        """Return the lab second at which a running experiment was started."""
        return self._started[experiment_id]

    def note_waits(self, waits: Mapping[str, str]) -> bool:
        """Store what running experiments wait for, in words; return whether that has changed.

        Nobody waits for the commit: the next one says it as well.
        """
        known = {key: words for key, words in waits.items() if key in self._started}
        before, self._waits = self._waits, known
        new = {key: known.get(key, "") for key in {**before, **known}}
        new = {key: words for key, words in new.items() if before.get(key, "") != words}
        for key, words in new.items():
            self._repositories.experiments.note(key, words)
        return bool(new)

    @property
    def waits(self) -> tuple[str, ...]:
        """What running experiments wait for, a sentence each."""
        return tuple(
            f"experiment {experiment_number(key)} {words}"
            for key, words in self._waits.items()
            if key in self._started
        )

    def points(self, experiment_ids: Iterable[str]) -> tuple[Point, ...]:
        """Return the points of experiments, in the order of their ids."""
        return tuple(self._jobs[key].point for key in sorted(experiment_ids))

    def lab_seconds(self, now: float) -> float:
        """Return the lab seconds used up to ``now``, also by what still runs."""
        with self._lock:
            return self._lab_time.seconds(min(self._started.values(), default=None), now)

    def plan_again(self, experiment_id: str, number: int, wait: float) -> ExperimentJob:
        """Store an experiment with the conditions of one that failed, and return its job.

        Args:
            experiment_id: of the one that failed.
            number: of the new one.
            wait: lab seconds that pass before it begins.
        """
        failed = self._repositories.experiments.get(experiment_id)
        job = replace(
            self._jobs[experiment_id],
            experiment_id=make_experiment_id(self._campaign_id, number),
            number=number,
            wait=wait,
        )
        row = replace(
            failed,
            id=job.experiment_id,
            number=number,
            state=ExperimentState.PLANNED,
            reason=f"done again, because experiment {failed.number} failed: {failed.reason}",
            lab_started=None,
            lab_finished=None,
            created=None,
            finished=None,
        )
        self._repositories.experiments.add(row).result()
        self.add([job])
        return job

    def finish(
        self, result: ExperimentResult, judge: Judge | None = None
    ) -> tuple[Ended, tuple[str, ...]]:
        """Analyse and store how an experiment ended; return that, and why stop rules are met.

        ``judge`` is asked of the end before it is stored, and after its analysis.
        """
        analysed, outputs = self._outcomes.analysed(result)
        result, rule = judge(analysed) if judge is not None else (analysed, None)
        self._outcomes.store(result, outputs)
        self.learn(result, outputs)
        with self._lock:
            self._started.pop(result.experiment_id, None)
            self._lab_time.add(result.lab_started, result.lab_finished)
        ended = Ended(
            result.experiment_id,
            result.state,
            self._lab_time.seconds() / 3600,
            self._cost(result),
            result.reason,
            result.lost,
            failure=result.failure,
            used=result.used,
            rule=rule,
        )
        return ended, self._met_rules() if outputs else ()

    def learn(self, ended: ExperimentResult, outputs: Mapping[str, OutputValue]) -> None:
        """Keep what the brain can learn from an experiment that ended or was resolved."""
        self.dataset.failed += ended.state is ExperimentState.FAILED
        if is_informative(ended.state, outputs):
            key, space = ended.experiment_id, self._spec.space
            raw = ended.measurement or self._repositories.experiments.raw(key)
            actual = raw.actual if raw else {}
            took = seconds_between(ended.lab_started, ended.lab_finished)
            seconds = took if self._timed else None
            point = self._jobs[key].point
            self.dataset.add(observation(key, point, outputs, space, actual, seconds))

    def watch(self, *, last: bool = False) -> None:
        """Look for results to be doubted; ``last`` looks however little is new.

        It changes nothing but the stored alarms, and is done while the brain computes.
        """
        self._watch.look(self.dataset.data, self._spec.space, self._spec.objectives, now=last)

    def _met_rules(self) -> tuple[str, ...]:
        scores = self.dataset.scores()
        reasons = (stop_rule_reason(rule, scores) for rule in self._spec.stop)
        return tuple(reason for reason in reasons if reason is not None)

    def _cost(self, result: ExperimentResult) -> float:
        waits = result.state is ExperimentState.AWAITING
        if self._spec.cost is None or waits or not incurs_cost(result.state, result.lab_started):
            return 0.0
        key, before = result.experiment_id, None
        if counts_changeover(self._spec.cost):
            paid = in_order(self._repositories.experiments.all(self._campaign_id))
            ids = [row.id for row in paid]
            place = ids.index(key)
            before = paid[place - 1].point if place else None
        return cost_of(self._spec.cost, self._jobs[key].point, before)
