"""Which experiment each told row belongs to, and what it stores: a result, newer, or imported."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from labloop.campaign.by_hand.result_tables import shortened
from labloop.campaign.by_hand.row_matching import mismatch, same_point
from labloop.campaign.by_hand.row_reader import ResultRow
from labloop.campaign.execution import planned_record
from labloop.campaign.loop import campaign_lease
from labloop.campaign.progress import TOLD, ResultHistory, format_value, same_value
from labloop.campaign.watching import watch_stored
from labloop.errors import CampaignError
from labloop.records import (
    CampaignRecord,
    ExperimentChange,
    ExperimentJob,
    ExperimentMeasured,
    ExperimentMove,
    ExperimentRecord,
    ExperimentState,
    ExperimentYield,
    Measurement,
    Origin,
    OutputValue,
    Repositories,
    ScalarValue,
    make_experiment_id,
)

OPEN = {
    ExperimentState.PLANNED,
    ExperimentState.AWAITING,
    ExperimentState.RUNNING,
    ExperimentState.UNCERTAIN,
}
_Outputs = Mapping[str, ScalarValue]


@dataclass(frozen=True, slots=True)
class TellReport:
    """What was stored of the results that a person told."""

    stored: int
    """How many results were stored: new ones and corrected ones."""
    wrong: tuple[str, ...] = ()
    """Rows that could not be stored, and why."""
    remarks: tuple[str, ...] = ()
    """What was superseded, what was known already, which results are doubted."""


def tell(
    repositories: Repositories,
    record: CampaignRecord,
    rows: Sequence[ResultRow],
    *,
    actor: str,
    again: bool = False,
) -> TellReport:
    """Store results of experiments that were asked for, or done elsewhere.

    A result of an experiment that has one already supersedes it; the old one is kept. A row
    of an import that was told before is known again by its conditions and outputs; equal rows
    of one table are replicates.

    Args:
        repositories: where to.
        record: the campaign.
        rows: what was read of a table.
        actor: who is written on each row.
        again: store imported rows also where equal ones were told before.

    Raises:
        CampaignError: no row fits; nothing was stored.
        LeaseError: the campaign runs meanwhile in another process.
    """
    with campaign_lease(repositories, record, actor):
        changes = _RowChanges(repositories, record, actor, again=again)
        for line in rows:
            changes.add(line)
        if changes.wrong and not changes.stored and not changes.known:
            raise CampaignError(f"{'; '.join(shortened(changes.wrong))}; nothing was stored")
        repositories.experiments.change(changes.changes).result()
        remarks = [*changes.all_remarks(), *watch_stored(repositories, record)]
    return TellReport(changes.stored, tuple(shortened(changes.wrong)), tuple(remarks))


class _RowChanges:
    """Turns rows into changes, one after the other, against what is stored by now."""

    def __init__(
        self, repositories: Repositories, record: CampaignRecord, actor: str, *, again: bool
    ) -> None:
        self.changes: list[ExperimentChange] = []
        self.stored = 0
        self.known = 0
        self.wrong: list[str] = []
        self._remarks: list[str] = []
        self._record = record
        self._actor = actor
        self._repositories = repositories
        self._rows = repositories.experiments.all(record.id)
        self._by_name = {row.id: row for row in self._rows}
        self._by_name |= {str(row.number): row for row in self._rows}
        self._past = ResultHistory.of(repositories.experiments.analyses(record.id))
        self._seen: set[str] = set()
        self._number = max((row.number for row in self._rows), default=0)
        self._imports: list[ExperimentRecord] = [] if again else self._imported_before()

    def _imported_before(self) -> list[ExperimentRecord]:
        return [row for row in self._rows if row.origin is Origin.IMPORTED]

    def add(self, line: ResultRow) -> None:
        """Add one row: what it changes, or why it changes nothing."""
        if not line.experiment_id:
            self._import(line)
            return
        row = self._by_name.get(line.experiment_id)
        wrong = mismatch(line, row, self._seen)
        if row is None or wrong:
            self.wrong.append(f"row {line.line}: experiment {line.experiment_id} {wrong}")
            return
        self._seen.add(row.id)
        self._tell_stored(row, line)

    def all_remarks(self) -> list[str]:
        """Return what a person should know."""
        if not self.known:
            return self._remarks
        what = "1 result was" if self.known == 1 else f"{self.known} results were"
        return [f"{what} told before: nothing is stored twice", *self._remarks]

    def _tell_stored(self, row: ExperimentRecord, line: ResultRow) -> None:
        """Tell a result of an experiment that is stored."""
        if row.state in OPEN:
            self.changes += [*self._notes(row, line), *_end(row, line.outputs, self._actor)]
            self.stored += 1
            return
        if not line.outputs:
            self._failed_again(row, line)
            return
        found = {n: v for n, v in line.outputs.items() if isinstance(v, ScalarValue)}
        fresh = self._new_outputs(row, line, found)
        notes = list(self._notes(row, line))
        if not fresh and not notes:
            self.known += 1
            return
        self.changes += notes
        if fresh:
            self.changes.append(
                ExperimentYield(
                    experiment_id=row.id,
                    outputs=fresh,
                    analysis=TOLD,
                    actor=self._actor,
                    corrects=True,
                )
            )
        self.stored += 1

    def _failed_again(self, row: ExperimentRecord, line: ResultRow) -> None:
        if row.state is ExperimentState.FAILED:
            self.known += 1
            return
        self.wrong.append(
            f"row {line.line}: experiment {row.number} is {row.state.value}, and the table says "
            f"'failed'; where that is right: labloop correct {self._record.name} {row.number} "
            "failed"
        )

    def _new_outputs(
        self, row: ExperimentRecord, line: ResultRow, found: _Outputs
    ) -> dict[str, ScalarValue]:
        """Return which outputs of a row are new, and remark what they supersede."""
        ended = row.state is not ExperimentState.DONE
        newest = {} if ended else self._past.newest.get(row.id, {})
        fresh: dict[str, ScalarValue] = {}
        for name, value in found.items():
            before = newest.get(name)
            if before is not None and same_value(before, value):
                continue
            if before is not None and self._past.had_value(row.id, name, value):
                self._remarks.append(
                    f"row {line.line}: {name} {format_value(value)} was corrected to "
                    f"{format_value(before)} since it was told: that stands"
                )
                continue
            fresh[name] = value
            if before is not None:
                self._remarks.append(
                    f"experiment {row.number}: {name} {format_value(before)} -> "
                    f"{format_value(value)}, the old one is kept"
                )
        if ended and fresh:
            self._remarks.append(f"experiment {row.number} was {row.state.value}, and is done now")
        return fresh

    def _notes(self, row: ExperimentRecord, line: ResultRow) -> Iterator[ExperimentMeasured]:
        """Yield the raw data of an experiment with what a row notes beside its outputs."""
        if not line.notes and not line.actual:
            return
        before = None
        if row.id in self._by_name:
            before = self._repositories.experiments.raw(row.id)
        raw = {**(before.raw if before else {}), **line.notes}
        actual = {**(before.actual if before else {}), **line.actual}
        made = Measurement(raw, actual)
        if before != made:
            yield ExperimentMeasured(experiment_id=row.id, measurement=made, actor=self._actor)

    def _import(self, line: ResultRow) -> None:
        """Store a row that nobody asked for, unless it was told before."""
        before = self._matching_import(line)
        if before is not None:
            self._imports.remove(before)
            self._tell_stored(before, line)
            return
        self._number += 1
        job = ExperimentJob(
            experiment_id=make_experiment_id(self._record.id, self._number),
            number=self._number,
            round_index=None,
            point=line.point,
        )
        row = planned_record(job, self._record, origin=Origin.IMPORTED, actor=self._actor)
        self.changes += [row, *self._notes(row, line), *_end(row, line.outputs, self._actor)]
        self.stored += 1

    def _matching_import(self, line: ResultRow) -> ExperimentRecord | None:
        """Return the import, of those not yet met in this table, that a row tells once more.

        The row may tell outputs that were missing the first time.
        """
        for row in self._imports:
            if not same_point(line.point, row.point):
                continue
            if not line.outputs:
                if row.state is ExperimentState.FAILED:
                    return row
                continue
            if self._past.matches(row.id, line.outputs):
                return row
        return None


def _end(
    row: ExperimentRecord, outputs: Mapping[str, OutputValue], actor: str
) -> Iterator[ExperimentChange]:
    """Yield what leads an open experiment to its end."""
    if row.state not in {ExperimentState.RUNNING, ExperimentState.UNCERTAIN}:
        yield ExperimentMove(experiment_id=row.id, to=ExperimentState.RUNNING, actor=actor)
    if outputs:
        yield ExperimentYield(experiment_id=row.id, outputs=outputs, analysis=TOLD, actor=actor)
    else:
        yield ExperimentMove(
            experiment_id=row.id, to=ExperimentState.FAILED, actor=actor, reason="told as failed"
        )
