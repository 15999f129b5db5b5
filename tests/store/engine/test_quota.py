"""Promise: a file that may grow no more is told in one sentence, and what was stored is kept."""

import subprocess
import sys

import pytest
from store_samples import CAMPAIGN, bundle, campaign

from labloop.records import Alarm
from labloop.store import open_database, verify

FILL = """
import resource, sys
from labloop.errors import DatabaseUnusableError
from labloop.records import Alarm
from labloop.store import open_database

with open_database(sys.argv[1]) as database:
    size = database.location.path.with_name("lab.db-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 300_000, -1))
    for number in range(10_000):
        try:
            database.alarms.add(sys.argv[2], Alarm("drift", f"{number} " + "x" * 2000)).result()
        except DatabaseUnusableError as error:
            print(number, str(error).replace(chr(10), " "))
            break
    try:
        database.alarms.add(sys.argv[2], Alarm("drift", "later")).result()
    except DatabaseUnusableError as error:
        print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a limit of POSIX")
def test_a_file_that_may_grow_no_more(tmp_path):
    """A real write that fails: nothing more is stored, all before is, and it goes on afterwards."""
    path = str(tmp_path / "lab.db")
    with open_database(path) as database:
        database.campaigns.create(campaign(), bundle()).result()
    done = subprocess.run(
        [sys.executable, "-c", FILL, path, CAMPAIGN], capture_output=True, text=True, check=True
    )
    first, second = done.stdout.splitlines()
    stored = int(first.split()[0])
    assert stored > 5
    assert "disk" in first
    assert "until the database is opened again" in second
    with open_database(path) as database:
        assert len(database.alarms.all(CAMPAIGN)) == stored
        assert verify(database).problems == ()
        database.alarms.add(CAMPAIGN, Alarm("drift", "goes on")).result()
