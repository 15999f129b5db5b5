"""Rows into the dataset that a strategy learns from."""

from collections.abc import Mapping

from labloop.records import (
    CurveData,
    Dataset,
    ExperimentRecord,
    ExperimentState,
    Observation,
    OutputValue,
    Repositories,
    ScalarValue,
)
from labloop.space import SearchSpace


def build_dataset(repositories: Repositories, campaign_id: str, space: SearchSpace) -> Dataset:
    """Return everything that a campaign has measured, by number of the experiment.

    A failed experiment is in it without outputs; one that was analysed again is in it with
    its newest outputs. By number and not by time, so that the same experiments give the same
    dataset in whichever order they finished.
    """
    outputs = repositories.experiments.outputs(campaign_id)
    ended = {ExperimentState.DONE, ExperimentState.FAILED}
    rows = repositories.experiments.all(campaign_id, ended)
    return Dataset(tuple(observation(row, outputs.get(row.id, {}), space) for row in rows))


def observation(
    row: ExperimentRecord, outputs: Mapping[str, OutputValue], space: SearchSpace
) -> Observation:
    """Return one experiment as the brain sees it."""
    scalars = {k: v for k, v in outputs.items() if isinstance(v, ScalarValue)}
    return Observation(
        experiment_id=row.id,
        point=space.validate(row.point),
        outputs={k: v.value for k, v in scalars.items()},
        sd={k: v.sd for k, v in scalars.items() if v.sd is not None},
        curves={k: v for k, v in outputs.items() if isinstance(v, CurveData)},
        failed=not outputs,
    )
