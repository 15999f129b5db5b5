"""Promise: every record is linked to all before it, whoever writes, in the same transaction."""

import os
import threading

import pytest
from racing import start
from sqlalchemy import select
from store_samples import CAMPAIGN, bundle, campaign, experiment

from labloop.errors import StaleStateError
from labloop.records import ActionState, ExperimentState, Intent, Outcome, make_campaign_id
from labloop.store import open_database, verify
from labloop.store.engine.chain import chain_lines, head_of, links_of
from labloop.store.schema import APPEND_ONLY, BEGINNING, LINKED, METADATA, link_hash

NO_CAMPAIGN = {"calibration", "chain", "float_array"}
OF_A_LAB = {"sample", "sample_event", "stock_entry"}
PARTS_OF_A_LINKED_ROW = {"bundle_file", "model_array", "output_value", "proposal", "raw_value"}
COVERED_BY_ITS_HASH = {"bundle": {"spec", "versions"}, "round": {"state_kind", "state_schema",
                       "state_data", "fit_report"}}  # fmt: skip
COVERED_BY_MOVES = {"campaign": {"state", "reason", "version"},
                    "experiment": {"state", "reason", "lab_started", "lab_finished",
                                   "finished"}}  # fmt: skip

WRITE = """
import os, sys
from labloop.records import Alarm
from labloop.store import open_database

def write(name):
    with open_database(sys.argv[1]) as database:
        for number in range(30):
            database.alarms.add(sys.argv[2], Alarm("drift", f"{name} {number}")).result()

def fork(name):
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        write(name)
        code = 0
    finally:
        os._exit(code)

children = [fork(name) for name in "abcd"]
sys.exit(any([os.waitpid(child, 0)[1] for child in children]))
"""


def lines(database, campaign_id=CAMPAIGN):
    with database.connections.readers.connect() as connection:
        return list(chain_lines(connection, campaign_id))


def test_every_append_only_table_is_linked():
    """A table that comes later must be linked, or say why not; so must a column."""
    assert set(APPEND_ONLY) - NO_CAMPAIGN - OF_A_LAB - PARTS_OF_A_LINKED_ROW == set(LINKED) - {
        "campaign",
        "experiment",
    }
    for noun, columns in LINKED.items():
        left = {column.name for column in METADATA.tables[noun].c} - set(columns)
        left -= COVERED_BY_ITS_HASH.get(noun, set()) | COVERED_BY_MOVES.get(noun, set())
        assert left <= {"id", "sequence"}, noun


def test_a_link_follows_from_the_one_before(filled):
    """Each hash is sha256 over the hash before and the text, and the last one is the end."""
    found = lines(filled)
    assert [link["noun"] for link, _ in found] == [
        "campaign",
        "bundle",
        "experiment",
        "experiment_move",
    ]
    end = BEGINNING
    for link, text in found:
        end = link_hash(end, text)
        assert link["sha256"] == end
    with filled.connections.readers.connect() as connection:
        assert head_of(connection, CAMPAIGN) == end


def test_what_was_undone_is_not_linked(filled):
    """An operation that failed beside others leaves no link; the others have theirs."""
    go = threading.Event()
    filled.connections.submit(lambda _session: go.wait(5))
    first = experiment().id
    futures = [
        filled.experiments.add(experiment(2)),
        filled.experiments.move(first, ExperimentState.DONE, actor="ben"),
        filled.experiments.add(experiment(3)),
    ]
    go.set()
    assert isinstance(futures[1].exception(), StaleStateError)
    assert futures[2].result() is None
    assert [link["noun"] for link, _ in lines(filled)].count("experiment") == 3
    assert verify(filled).whole


def test_campaigns_have_a_chain_each(filled):
    """What one campaign stores does not change the chain of another one."""
    other = make_campaign_id("other", "simulated", 1)
    before = lines(filled)
    filled.campaigns.create(campaign(id=other, name="other"), bundle()).result()
    for number in range(3):
        name = f"o{number}"
        filled.journal.intent(
            Intent(id=name, campaign_id=other, experiment_id=None, device="d", name="n")
        )
        filled.journal.outcome(Outcome(intent_id=name, state=ActionState.DONE)).result()
    assert lines(filled) == before
    assert len(lines(filled, other)) == 8
    assert verify(filled).whole
    assert len(verify(filled).ends) == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_processes_that_write_to_one_campaign(url, filled):
    """Four processes at once make one chain without a fork, in both dialects."""
    racers = start(WRITE, url, CAMPAIGN)
    racers.communicate()
    assert racers.returncode == 0
    found = lines(filled)
    assert [link["position"] for link, _ in found] == list(range(1, 125))
    assert verify(filled).whole


def test_a_chain_is_read_page_by_page(filled, monkeypatch):
    """More links than a page holds are all read, in their order."""
    import labloop.store.engine.chain as module

    monkeypatch.setattr(module, "PAGE", 3)
    for number in range(2, 9):
        filled.experiments.add(experiment(number)).result()
    assert [link["position"] for link, _ in lines(filled)] == list(range(1, 19))
    with filled.connections.readers.connect() as connection:
        assert len(links_of(connection, CAMPAIGN)) == 3


@pytest.mark.parametrize("value", [-0.0, 1e-300, 0.1 + 0.2, 1e300])
def test_numbers_are_linked_as_they_are_read(filled, value):
    """A text made from what was stored equals the one made before it was stored."""
    filled.experiments.move(
        experiment().id, ExperimentState.RUNNING, actor="é\n\u2028", lab_time=value
    ).result()
    assert verify(filled).problems == ()


@pytest.mark.parametrize(
    "result",
    [59.999999999999986, 80.0, 80, -0.0, 1e300, 2**60, "80.0", True, None, [80.0], {"a": 1}],
)
def test_results_of_any_kind_are_linked_as_they_are_read(filled, result):
    """What an action returned may be a bare number, which SQLite keeps in a form of its own."""
    filled.journal.intent(
        Intent(id="i", campaign_id=CAMPAIGN, experiment_id=None, device="d", name="n")
    )
    outcome = Outcome(intent_id="i", state=ActionState.DONE, result=result)
    filled.journal.outcome(outcome).result()
    assert verify(filled).problems == ()


def test_chains_survive_reopening(url, filled):
    """A process that comes later goes on where the chain ended."""
    with open_database(url) as later:
        later.experiments.add(experiment(5)).result()
    table = METADATA.tables["chain"]
    with filled.connections.readers.connect() as connection:
        positions = connection.execute(select(table.c.position).order_by(table.c.position))
        assert positions.scalars().all() == [1, 2, 3, 4, 5, 6]
    assert verify(filled).whole
