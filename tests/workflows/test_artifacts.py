"""What the window of Prefect shows of a round."""

from labloop.records import Alarm, Prediction, Proposal, ProposalBatch
from labloop_workflows._artifacts import round_table

PARTS = {"noise": 0.1, "parameters": 0.0, "discrepancy": 0.0, "between": 0.9}
REPORT = {
    "weights": {"gp": 0.1, "SNAr, all outputs together": 0.9},
    "physics": {"SNAr": 0.9},
    "uncertainty": [{"y": PARTS}],
}


def test_a_round_says_what_was_learned_above_its_table():
    """Weights and every alarm in words, and why each proposal is uncertain: one artifact."""
    proposal = Proposal({"heat": 80.0}, "auto", "why", predicted={"y": Prediction(1, 1, 0, 2)})
    alarms = (Alarm("physics-wrong", "check its reactions"),)
    rows, told = round_table(3, ProposalBatch((proposal,), alarms=alarms, fit_report=REPORT))
    assert told.startswith("round 3\n\nModels with physics count 90 %")
    assert told.endswith("Alarm physics-wrong: check its reactions.")
    assert rows[0]["expected y"] == "1 (0 to 2)"
    assert "the models disagree" in rows[0]["uncertainty"]


def test_a_round_without_a_model_has_its_table_alone():
    """Nothing is said where nothing was learned."""
    rows, told = round_table(0, ProposalBatch((Proposal({"heat": 80.0}, "sobol", "start"),)))
    assert told == "round 0"
    assert rows == [{"heat": "80.0", "strategy": "sobol", "reason": "start"}]
