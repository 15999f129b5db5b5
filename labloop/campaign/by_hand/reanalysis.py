"""Stored raw data, analysed once more."""

from labloop.campaign.definition import Definition
from labloop.campaign.execution import Analysis
from labloop.campaign.progress import is_from_person
from labloop.errors import AnalysisError
from labloop.records import (
    CampaignRecord,
    ExperimentState,
    ExperimentYield,
    Repositories,
)


def reanalyse(
    repositories: Repositories, record: CampaignRecord, definition: Definition, *, actor: str
) -> tuple[int, list[str]]:
    """Analyse the stored raw data again; newer outputs supersede, nothing is overwritten.

    One that failed in its analysis is done where it yields outputs now. What a person told or
    corrected stands.

    Returns:
        How many experiments have new outputs, and a sentence for each that could not.
    """
    analysis = Analysis(definition.spec)
    done, problems = 0, []
    ended = {ExperimentState.DONE, ExperimentState.FAILED}
    newest = {one.experiment_id: one for one in repositories.experiments.analyses(record.id)}
    for row in repositories.experiments.all(record.id, ended):
        raw = repositories.experiments.raw(row.id)
        if raw is None or (row.id in newest and is_from_person(newest[row.id])):
            continue
        try:
            outputs = analysis.outputs(raw)
        except AnalysisError as error:
            problems.append(f"experiment {row.number}: {error}")
            continue
        made = ExperimentYield(
            experiment_id=row.id,
            outputs=outputs,
            analysis=analysis.fingerprint,
            actor=actor,
            corrects=True,
        )
        repositories.experiments.change([made]).result()
        done += 1
    return done, problems
