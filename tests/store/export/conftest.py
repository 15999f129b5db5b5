"""A finished campaign to take away."""

import numpy as np
import pytest
from store_samples import CAMPAIGN, bundle, campaign, experiment

from labloop.records import (
    ActionState,
    CurveData,
    ExperimentState,
    Intent,
    Measurement,
    ModelState,
    Origin,
    Outcome,
    Prediction,
    Proposal,
    RoundRecord,
    ScalarValue,
)
from labloop.space import Categorical, Continuous, SearchSpace

FIRST = experiment().id
SPACE = SearchSpace(
    Continuous("temperature", 30, 120, unit="degC"),
    Continuous("equivalents", 1, 5),
    Categorical("solvent", ["water", "ethanol"]),
)
CURVE = CurveData(np.array([0.0, 0.5]), np.array([1.25, -2.0]), "min", "mAU")


@pytest.fixture
def done(database):
    """A campaign with one experiment done, one planned, and something in every table."""
    database.campaigns.create(campaign(), bundle(spec={"space": SPACE.spec()}))
    point = {"temperature": 50.0, "equivalents": 2.0, "solvent": "water"}
    proposal = Proposal(
        point, "sobol", 'first, "of" few\nlines', predicted={"y": Prediction(0.5, 0.1, 0.3, 0.7)}
    )
    state = ModelState("gp", 1, {}, {"w": np.ones(3)})
    record = RoundRecord(campaign_id=CAMPAIGN, index=0, proposals=(proposal,), state=state)
    first = experiment(1, point=point, origin=Origin.PROPOSED, round_index=0, proposal_index=0)
    database.rounds.commit(record, [first])
    database.experiments.add(experiment(2, point=point, reason="später")).result()
    database.experiments.move(FIRST, ExperimentState.RUNNING, actor="labloop", lab_time=0.0)
    database.journal.intent(
        Intent(id="i1", campaign_id=CAMPAIGN, experiment_id=FIRST, device="pump", name="go",
               arguments={"rate": 1.5})
    )  # fmt: skip
    database.journal.outcome(
        Outcome(intent_id="i1", state=ActionState.DONE, sent=(b"\x02GO\r",), received=(b"ok", b"x"))
    )
    measured = Measurement(
        {"scan": CURVE, "weight": ScalarValue(1.5, "g", 0.25), "colour": "blue"},
        {"temperature": ScalarValue(50.5, "degC")},
    )
    database.experiments.save_raw(FIRST, measured)
    database.experiments.complete(
        FIRST, {"y": ScalarValue(0.75, "1", 0.125), "area": ScalarValue(3.0, "mAU*min")},
        analysis="a", actor="labloop", lab_time=60.0,
    ).result()  # fmt: skip
    return database
