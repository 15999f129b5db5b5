"""Promise: what a new engineer copies is code that every check accepts.

Ruff and mypy check the folder with everything else; here the contracts and the real components do.
"""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import labloop
from labloop.brain import BotorchStrategy, SobolStrategy
from labloop.campaign import Campaign, load_campaign
from labloop.objectives import Maximize, Minimize, Target
from labloop.physics import Prior
from labloop.report.data import read_campaign
from labloop.space import Continuous, SearchSpace
from labloop.store import open_database
from labloop.testing.drivers import DriverCase, driver_checks
from labloop.testing.physics import assert_physics
from labloop.testing.strategies import StrategyCase, check_strategy, strategy_cases
from labloop.units import quantity
from labloop_simulators.worlds.no_wires import NoWires

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
CASES = {case.name: case for case in strategy_cases()}
CAMPAIGN = """
from labloop import Budget, CampaignSpec, Continuous, Maximize, Scalar, SearchSpace

campaign = CampaignSpec(
    "counted", SearchSpace(Continuous("x", 0, 1)), outputs=[Scalar("y")], objective=Maximize("y"),
    procedure=lambda x: {"y": x.x}, budget=Budget(experiments=3), strategy="sobol")
"""
MIGRATED = """
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import create_engine
from templates import migration, table

metadata = table.RemarkRow.metadata
with create_engine("sqlite://").begin() as connection:
    metadata.create_all(
        connection, tables=[t for t in metadata.sorted_tables if t.name != "remark"]
    )
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    with Operations.context(context):
        migration.upgrade()
    print(compare_metadata(context, metadata))
"""


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    """The folder is a package while a test runs, and forgotten afterwards."""
    monkeypatch.syspath_prepend(str(DOCS))
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "templates"]:
        del sys.modules[name]


def template(name):
    return importlib.import_module(f"templates.{name}")


def test_every_template_is_offered():
    """The page for contributors names each of them."""
    page = (DOCS / "contributing.md").read_text(encoding="utf-8")
    folder = DOCS / "templates"
    made = [p for p in folder.iterdir() if p.suffix == ".py" or (p / "__init__.py").is_file()]
    assert [p.name for p in made if f"`{p.name}" not in page] == []


def test_a_kind_of_parameter_makes_a_space():
    """A strategy finds legal points on it alone and beside others."""
    doublings = template("parameter").Doublings

    def alone():
        return SearchSpace(doublings("dilution", 0.001, 20, "g/L"))

    def beside():
        return SearchSpace(doublings("dilution", 0.1, 5, "g/L"), Continuous("a", 0, 1))

    cases = [StrategyCase("alone", alone), StrategyCase("beside", beside)]
    check_strategy(SobolStrategy(), cases=cases)
    values = {point["dilution"] for point in beside().sample(64, seed=1)}
    assert values == {0.1, 0.2, 0.4, 0.8, 1.6, 3.2}


def test_a_kind_of_objective_has_what_every_aim_has():
    """It says the same as a target with a tolerance, in the same members."""
    between = template("objective").Between("y", 2.0, 4.0, threshold=1.0)
    every = [set(dir(kind)) for kind in (Maximize, Minimize, Target)]
    public = {name for name in set.intersection(*every) if not name.startswith("_")}
    assert public <= set(dir(between))
    spec = between.spec()
    assert type(between)(**{k: v for k, v in spec.items() if k != "type"}) == between
    same = Target("y", 3.0, tolerance=1.0, threshold=2.0)
    assert between.reference == same.reference
    assert [between.score(v) for v in (1.5, 2.0, 3.0, 5.0)] == [-0.5, 0.0, 0.0, -1.0]


@pytest.mark.parametrize("case", CASES)
def test_a_strategy_keeps_the_contract(case):
    """Every kind of space and objective."""
    check_strategy(template("strategy").Nearby(), cases=[CASES[case]])


def test_an_acquisition_steers_a_strategy():
    """The strategy that uses it keeps the contract."""
    strategy = BotorchStrategy(acquisition=template("acquisition").optimism, name="optimist")
    check_strategy(strategy, cases=[CASES["box"]])


@pytest.mark.parametrize("case", ["box", "two objectives"])
def test_a_surrogate_serves_a_strategy(case):
    """From one experiment on, for one output and for two, with constant outputs."""
    strategy = BotorchStrategy(model=template("surrogate").LineFactory(), name="lines")
    check_strategy(strategy, cases=[CASES[case]])


def test_a_block_of_physics_is_sound():
    """Units, gradients, batches."""
    nernst = template("physics_block").Nernst(
        Prior(0.34, "V", sd=0.05),
        electrons="2",
        temperature="temperature",
        ratio="ratio",
        outputs={"potential": ("E", "mV")},
    )
    space = SearchSpace(
        Continuous("temperature", 20, 80, unit="degC"), Continuous("ratio", 0.01, 100, log=True)
    )
    assert_physics(nernst, space)


@pytest.mark.parametrize("check", driver_checks(), ids=lambda check: check.name)
def test_a_driver_and_its_emulator_keep_the_contract(check):
    """Every line of it, against the emulator that stands beside."""
    world = template("emulator")
    check(
        DriverCase(
            "templates.shaker:Shaker",
            lambda: world.create(0, {}),
            "shaker",
            lambda shaker: shaker.set_speed(quantity(600, "rpm")),
        )
    )


@pytest.mark.parametrize("check", driver_checks(wire=False), ids=lambda check: check.name)
def test_an_adapter_keeps_the_contract(check):
    """Every line that needs no wire."""
    check(
        DriverCase(
            "templates.adapter:Lamp",
            NoWires,
            "lamp",
            lambda lamp: lamp.set_level(quantity(40, "%")),
        )
    )


def test_a_section_shows_a_campaign(tmp_path):
    """It draws what was read of a campaign that ran."""
    (tmp_path / "campaign.py").write_text(CAMPAIGN, encoding="utf-8")
    with open_database(tmp_path / "x.db") as repositories:
        record = Campaign.create(repositories, load_campaign(tmp_path / "campaign.py")).run()
        section = template("section").states_section(read_campaign(repositories, record.id))
    assert 'done</th><td class="num">3</td>' in section.html()


def test_a_verb_is_a_command(tmp_path):
    """It reads words and prints words."""
    (tmp_path / "campaign.py").write_text(CAMPAIGN, encoding="utf-8")
    app = typer.Typer()
    app.command("size")(template("verb").size)
    told = CliRunner().invoke(app, [str(tmp_path / "campaign.py")])
    assert told.exit_code == 0, told.output
    assert "a continuum" in told.output


def test_a_migration_makes_its_table():
    """Alembic finds no difference; in a process of its own, so that no schema is changed here."""
    folders = [str(DOCS), *(str(Path(labloop.__file__).parents[1]),)]
    done = subprocess.run(
        [sys.executable, "-c", MIGRATED],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(folders)},
    )
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
