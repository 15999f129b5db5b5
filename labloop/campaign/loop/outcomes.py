"""How an experiment ended: what its analysis makes of it, and that it is stored."""

from collections.abc import Mapping
from dataclasses import replace

from labloop.campaign.definition import CampaignSpec
from labloop.campaign.execution import Analysis, failure_of
from labloop.errors import AnalysisError
from labloop.records import ExperimentResult, ExperimentState, OutputValue, Repositories


class Outcomes:
    """Stores how experiments ended, and analyses what was measured.

    Args:
        spec: the campaign's definition; its analysis makes outputs of raw data.
        repositories: where the ends are stored.
        actor: who stores them.
    """

    def __init__(self, spec: CampaignSpec, repositories: Repositories, actor: str) -> None:
        self._analysis = Analysis(spec)
        self._experiments = repositories.experiments
        self._schedules = repositories.schedules
        self._actor = actor

    def analysed(
        self, result: ExperimentResult
    ) -> tuple[ExperimentResult, Mapping[str, OutputValue]]:
        """Return an end, as failed where its analysis failed, and its outputs."""
        if result.state is not ExperimentState.DONE:
            return result, {}
        try:
            raw = result.measurement or self._experiments.raw(result.experiment_id)
            return result, self._analysis.outputs(raw)
        except AnalysisError as error:
            failed = replace(
                result,
                state=ExperimentState.FAILED,
                reason=str(error),
                failure=failure_of(error),
            )
            return failed, {}

    def store(self, result: ExperimentResult, outputs: Mapping[str, OutputValue]) -> None:
        """Store an end, with the outputs where it is DONE."""
        if result.held:
            # Nobody waits for it: it is only told.
            self._schedules.add_held(result.experiment_id, result.held)
        if result.state is not ExperimentState.DONE:
            self._move(result)
            return
        self._experiments.complete(
            result.experiment_id,
            outputs,
            analysis=self._analysis.fingerprint,
            actor=self._actor,
            lab_time=result.lab_finished,
        ).result()

    def _move(self, result: ExperimentResult) -> None:
        self._experiments.move(
            result.experiment_id,
            result.state,
            actor=self._actor,
            reason=result.reason,
            lab_time=result.lab_finished,
        ).result()
