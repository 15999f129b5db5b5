"""What persons wish of a campaign on its way counts from the next round on, and is kept."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from campaign_toys import answer_of, ask

from labloop.campaign import (
    Campaign,
    PlainHooks,
    answer_with_code,
    load_campaign,
    standing_wishes,
)
from labloop.records import CommandKind, ExperimentState
from labloop.store import open_database

FILE = """
import os, signal, time
from pathlib import Path
from labloop import (
    Budget, CampaignSpec, Categorical, Continuous, Function, Maximize, Mixture, Nonlinear, Plate,
    Pool, Scalar, SearchSpace, Subset
)

def measure(x):
    time.sleep(SECONDS)
    if DEADLY and not Path(DEADLY).exists() and x["heat"].magnitude > 0:
        count = Path(DEADLY + ".count")
        done = int(count.read_text()) + 1 if count.exists() else 1
        count.write_text(str(done))
        if done == 6:
            Path(DEADLY).touch()
            os.kill(os.getpid(), signal.SIGKILL)
    return {"gain": 90 - (x["heat"].magnitude - 62) ** 2 / 30, "loss": 0.1}

SECONDS, DEADLY = 0, ""
campaign = CampaignSpec(
    "wished",
    SearchSpace(
        Continuous("heat", 20, 90, unit="degC"), Categorical("solvent", ["DMF", "NMP", "water"])
    ),
    outputs=[Scalar("gain", unit="%")], objective=Maximize("gain"),
    procedure=Function(measure, repeatable=True), strategy="sobol", budget=Budget(experiments=4),
    OPTIONS
)
"""


def make(repositories, folder: Path, options: str = "", text: str = FILE) -> Campaign:
    """Store the campaign of a file that is written into a folder."""
    folder.mkdir(exist_ok=True)
    (folder / "campaign.py").write_text(text.replace("OPTIONS", options))
    return Campaign.create(repositories, load_campaign(folder / "campaign.py"), actor="ada")


def said(repositories, campaign, kind, **arguments):
    """Ask something of a campaign that no process is at; return whether, and the answer."""
    sequence = ask(repositories, campaign.record.id, kind, **arguments)
    answer_with_code(repositories, campaign.record, "ada")
    return answer_of(repositories, campaign.record.id, sequence)


def goes_on(repositories, campaign, experiments):
    """Resume a campaign with another budget, and return the points of the new experiments."""
    known = len(repositories.experiments.all(campaign.record.id))
    resumed = Campaign.resume(repositories, "wished", mode=campaign.record.mode, actor="ada")
    resumed.extend(experiments)
    resumed.run()
    return [row.point for row in repositories.experiments.all(campaign.record.id)[known:]]


def test_a_wish_counts_from_the_next_round_on_until_it_is_lifted(repositories, tmp_path):
    """Each round obeys, its reasons tell, and what is refused changes nothing."""
    made = make(repositories, tmp_path / "lab")
    made.run()
    done, answer = said(repositories, made, CommandKind.FIX, condition={"solvent": ["DMF"]})
    assert done
    assert "from the next round on: only solvent DMF (asked for by me" in answer
    hot = {"heat": {"low": 60.0, "high": None}}
    assert said(repositories, made, CommandKind.AVOID, condition=hot)[0]
    points = goes_on(repositories, made, 7)
    assert {point["solvent"] for point in points} == {"DMF"}
    assert all(point["heat"] < 60 for point in points)
    newest = repositories.rounds.all(made.record.id)[-1].proposals[0]
    assert newest.reason.endswith("asked for with solvent DMF and without heat from 60")
    for kind, arguments, sentence in (
        (CommandKind.FIX, {"condition": {"heat": {"low": 70.0, "high": 80.0}}}, "no question"),
        (CommandKind.FIX, {"condition": {"sulvent": ["DMF"]}}, "is no parameter"),
        (CommandKind.FIX, {}, "needs name=value"),
        (CommandKind.LIFT, {"parameters": ["time"]}, "nothing of time is fixed"),
    ):
        accepted, answer = said(repositories, made, kind, **arguments)
        assert accepted is False
        assert sentence in answer
    assert said(repositories, made, CommandKind.FIX, condition={"solvent": ["NMP"]})[0]
    assert {point["solvent"] for point in goes_on(repositories, made, 9)} == {"NMP"}
    assert said(repositories, made, CommandKind.LIFT, parameters=[])[0]
    assert not standing_wishes(repositories.commands.all(made.record.id)).told
    assert len({point["solvent"] for point in goes_on(repositories, made, 14)}) == 3


def test_a_wish_reaches_a_campaign_that_runs(repositories, tmp_path):
    """What is planned and not begun is dropped, and all later experiments are as wished."""
    text = FILE.replace("SECONDS, DEADLY = 0", "SECONDS, DEADLY = 0.15").replace(
        "experiments=4", "experiments=20"
    )
    made = make(repositories, tmp_path / "lab", "batch=10", text)
    asked = []

    def watch(snapshot):
        if snapshot.finished == 2 and not asked:
            for kind, arguments in (
                (CommandKind.FIX, {"condition": {"solvent": ["water"]}}),
                (CommandKind.CHANGE, {"words": {"heat": "20..60", "output": "loss"}}),
            ):
                asked.append(ask(repositories, made.record.id, kind, **arguments))

    made.run(PlainHooks(watch))
    fixed, changed = (answer_of(repositories, made.record.id, one) for one in asked)
    assert fixed[0]
    assert "dropped, because not begun: experiment" in fixed[1]
    assert changed[0]
    assert "heat: high (90.0 -> 60.0)" in changed[1]
    rows = repositories.experiments.all(made.record.id)
    assert any(row.state is ExperimentState.ABANDONED for row in rows)
    later = [row for row in rows if row.round_index]
    assert len([row for row in rows if row.state is ExperimentState.DONE]) == 20
    assert later
    assert {row.point["solvent"] for row in later} == {"water"}
    assert all(row.point["heat"] <= 60 for row in later)
    assert "loss" in repositories.experiments.outputs(made.record.id)[later[-1].id]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="sends POSIX signals")
def test_wishes_survive_a_kill_with_equal_bits(tmp_path):
    """After SIGKILL the same proposals follow, to the last bit, as if nothing had happened."""
    found = []
    for name, deadly in (("killed", str(tmp_path / "mark")), ("whole", "")):
        text = FILE.replace('SECONDS, DEADLY = 0, ""', f"SECONDS, DEADLY = 0, {deadly!r}")
        path = str(tmp_path / f"{name}.db")
        with open_database(path) as repositories:
            made = make(repositories, tmp_path / name, text=text)
            made.run()
            wish = {"condition": {"solvent": ["DMF", "NMP"], "heat": {"low": 30.0, "high": None}}}
            assert said(repositories, made, CommandKind.FIX, **wish)[0]
            words = {"heat": "30..120", "solvent": "+THF", "impurity": "..5"}
            assert said(repositories, made, CommandKind.CHANGE, words=words)[0] is False
            words = {"heat": "..120", "solvent": "+THF", "gain": "50.."}
            assert said(repositories, made, CommandKind.CHANGE, words=words)[0]
        code = (
            "import sys\nfrom labloop.campaign import Campaign\nfrom labloop.records import Mode\n"
            "from labloop.store import open_database\n"
            "with open_database(sys.argv[1]) as found:\n"
            "    made = Campaign.resume(found, 'wished', mode=Mode.REAL, actor='ada')\n"
            "    made.extend(9)\n    made.run()\n"
        )
        for expected in (-signal.SIGKILL, 0) if deadly else (0,):
            child = subprocess.run(
                [sys.executable, "-c", code, path],
                env=dict(os.environ),
                check=False,
                capture_output=True,
                text=True,
            )
            assert child.returncode == expected, child.stderr
        with open_database(path) as repositories:
            rounds = repositories.rounds.all(made.record.id)
            found.append([(r.seed, r.data_hash, r.proposals) for r in rounds])
    assert found[0] == found[1]
    assert max(p.point["heat"] for _, _, ps in found[0][4:] for p in ps) > 90


def test_a_change_that_was_stored_and_not_answered_counts_once(repositories, tmp_path):
    """A process that ends between the two leaves the new definition, and the next one answers."""
    made = make(repositories, tmp_path / "lab")
    made.run()
    words = {"solvent": "+THF"}
    sequence = ask(repositories, made.record.id, CommandKind.CHANGE, words=words)
    (pending,) = repositories.commands.pending(made.record.id)
    from labloop.campaign.checks.changes import change_definition

    change_definition(repositories, made.record, made.definition, pending)
    points = goes_on(repositories, made, 12)
    assert answer_of(repositories, made.record.id, sequence)[0]
    again = Campaign.resume(repositories, "wished", mode=made.record.mode)
    assert len(again.definition.changes) == 1
    assert "THF" in {point["solvent"] for point in points}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"solvent": "-DMF"}, "without a place in the changed space"),
        ({"heat": "95.."}, "low < high"),
        ({"output": "purity [%]"}, "gives no purity"),
        ({"maximize": "purity"}, "names an output that is not declared"),
        ({"drop": "gain"}, "one has to stay"),
        ({"pressure": "1..2"}, "no parameter and no output"),
    ],
)
def test_a_change_that_takes_something_away_is_refused(repositories, tmp_path, words, sentence):
    """One sentence, and the definition stays as it was."""
    made = make(repositories, tmp_path / "lab", "seed=3")
    made.run()
    before = repositories.campaigns.bundle(made.record.id).sha256
    accepted, answer = said(repositories, made, CommandKind.CHANGE, words=words)
    assert accepted is False
    assert sentence in answer
    assert repositories.campaigns.bundle(made.record.id).sha256 == before


def test_an_edited_file_counts_in_place_of_words(repositories, tmp_path):
    """Words stay while the file's own space does; where that is edited, the file counts."""
    made = make(repositories, tmp_path / "lab")
    made.run()
    assert said(repositories, made, CommandKind.CHANGE, words={"heat": "20..120"})[0]
    for text, high in ((FILE + "\n# a remark\n", 120), (FILE.replace("20, 90", "20, 80"), 80)):
        path = tmp_path / "lab" / "campaign.py"
        path.write_text(text.replace("OPTIONS", ""))
        found = Campaign.resume(
            repositories, "wished", mode=made.record.mode, changed=load_campaign(path)
        )
        assert found.definition.spec.space.parameters[0].bounds == (20, high)


HEAT = "Continuous('heat', 20, 90, unit='degC'), "
PARTS = "Mixture({'a': (0, 1), 'b': (0, 1), 'c': (0, 1)})"
ROWS = "{'heat': [20.0, 40.0, 60.0, 80.0], 'solvent': ['DMF', 'DMF', 'NMP', 'NMP']}"
PRODUCT = "Nonlinear(lambda heat, time: heat * time, at_most=300)"
FROM_SMALL = {"a": {"low": 0.2, "high": None}}
SPACES = {
    "pool": (
        f"Pool({ROWS}, {{'heat': 'degC', 'solvent': Categorical}}, reusable=True)",
        {"solvent": ["NMP"]},
    ),
    "mixture": (HEAT + PARTS, FROM_SMALL),
    "subset": (f"{HEAT}{PARTS}, Subset(['a', 'b', 'c'], at_most=2)", FROM_SMALL),
    "function": (
        f"{HEAT}Continuous('time', 1, 9), {PRODUCT}",
        {"time": {"low": 4.0, "high": None}},
    ),
}


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("plate", [False, True])
def test_every_kind_of_space_obeys(repositories, tmp_path, name, plate):
    """Pools, mixtures, subsets and functions, on plates and without."""
    items, condition = SPACES[name]
    space = FILE[FILE.index("    SearchSpace(") : FILE.index("    outputs=")]
    text = FILE.replace(space, f"    SearchSpace({items}),\n").replace(
        "experiments=4", "experiments=2"
    )
    options = "plate=Plate(rows=1, columns=2)" if plate else ""
    made = make(repositories, tmp_path / "lab", options, text)
    made.run()
    accepted, answer = said(repositories, made, CommandKind.FIX, condition=condition)
    assert accepted, answer
    ((what, wanted),) = condition.items()
    for point in goes_on(repositories, made, 6):
        value = point[what]
        assert value in wanted if isinstance(wanted, list) else value >= wanted["low"] - 1e-9
