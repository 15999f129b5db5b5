"""Leases: held by a process, taken only from one that is certainly dead."""

import os

import pytest
from racing import TOGETHER, start
from store_samples import CAMPAIGN, bundle, campaign, experiment

from labloop import processes
from labloop.errors import LeaseError
from labloop.store import process_owner

posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


HOLD = """
import sys, time
from labloop.store import open_database
database = open_database(sys.argv[1])
print(database.leases.acquire("campaign:x", "anna").token, flush=True)
time.sleep(60)
"""


@posix
def test_never_overdrawn(url, database):
    """Four processes at once: each experiment is claimed once, each token given once."""
    database.campaigns.create(campaign(), bundle())
    count = 40
    futures = [database.experiments.add(experiment(n)) for n in range(1, count + 1)]
    assert futures[-1].result() is None
    racers = start(TOGETHER, url, CAMPAIGN)
    told = [[int(word) for word in line.split()] for line in racers.communicate()[0].splitlines()]
    assert racers.returncode == 0
    assert sum(claimed for claimed, *_ in told) == count
    tokens = sorted(token for _, *given in told for token in given)
    assert tokens == list(range(1, 21))


def test_dead_owner(url, database):
    """The lease of a killed process is taken at once, that of a living one is not."""
    holder = start(HOLD, url)
    assert holder.stdout.readline() == "1\n"
    with pytest.raises(LeaseError, match=f"held by anna .process {holder.pid} on this machine"):
        database.leases.acquire("campaign:x", "ben")
    holder.kill()
    holder.communicate()
    grant = database.leases.acquire("campaign:x", "ben")
    assert grant.token == 2
    assert database.leases.holds(grant)


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"host": "elsewhere/1"}, "anna on elsewhere/1 .process 1.* heard 0 s ago: end it there"),
        ({"boot": "another"}, None),
        ({"start": "0"}, None),
        ({}, "held by anna"),
    ],
)
def test_owner(database, change, refusal):
    """Only what is certainly dead is taken over: another boot, another begin of the process."""
    own = {
        "host": processes.host(),
        "boot": processes.boot(),
        "start": processes.process_start(1),
        "pid": 1,
    }
    values = {**own, **change}
    owner = "anna [host={host} boot={boot} pid={pid} start={start}]".format(**values)
    database.leases.acquire("campaign:x", owner)
    if refusal is None:
        assert database.leases.acquire("campaign:x", "ben").token == 2
    else:
        with pytest.raises(LeaseError, match=refusal):
            database.leases.acquire("campaign:x", "ben")


def test_own_stamp():
    """An owner is a name with this process, told from every other one."""
    owner = process_owner("anna")
    assert f"pid={os.getpid()}" in owner
    assert process_owner(owner) == owner
