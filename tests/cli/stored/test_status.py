"""What failed is told where a person looks: at the end of a run, and in the status."""

FAILING = """
from labloop import Budget, CampaignSpec, Continuous, Maximize, Minimize, Scalar, SearchSpace

def measure(x):
    if x.t.magnitude > {limit}:
        raise ValueError("the vial broke")
    return {{"y": x.t.magnitude, "waste": 1.0}}

campaign = CampaignSpec("vials", SearchSpace(Continuous("t", 20, 90, unit="degC")),
    outputs=[Scalar("y", unit="%"), Scalar("waste")], objective=[Maximize("y"), Minimize("waste")],
    procedure=measure, strategy="sobol", budget=Budget(experiments={n}))
"""


def test_a_campaign_whose_experiments_all_failed_says_why(shell):
    """A small budget is used up by failures: the end and the status name the reason."""
    shell.write("vials.py", FAILING.format(limit=0, n=2))
    said = shell.ok("run", "vials.py", "--engine", "plain")
    told = "2 of 2 experiments; experiment 2 because: "
    assert told in said
    assert "the vial broke" in said
    assert told in shell.ok("status", "vials")


def test_the_best_of_several_aims_is_told_with_their_names(shell):
    """One number of two would be read for the other."""
    shell.write("vials.py", FAILING.format(limit=100, n=3))
    said = shell.ok("run", "vials.py", "--engine", "plain")
    assert "failures" not in said
    best = next(line for line in shell.ok("status", "vials").splitlines() if line[:4] == "best")
    assert "y " in best
    assert " %, waste 1 at t=" in best


def test_a_reader_of_a_path_that_is_none_is_told_so(shell):
    """A folder is only asked for where a database would be made."""
    said = shell.refused("status", "vials", "--db", "nowhere/labloop.db")
    assert "there is no database at" in said
