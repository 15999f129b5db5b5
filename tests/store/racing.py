"""Processes of their own that use one database at the same time."""

import subprocess
import sys

TOGETHER = """
import os, sys
from labloop.errors import LeaseError, StaleStateError
from labloop.records import ExperimentState
from labloop.store import open_database

def claim():
    with open_database(sys.argv[1]) as database:
        claimed = 0
        for record in database.experiments.all(sys.argv[2]):
            future = database.experiments.move(record.id, ExperimentState.RUNNING, actor="racer")
            claimed += future.exception() is None
            if not isinstance(future.exception(), StaleStateError | None):
                raise future.exception()
        tokens = []
        while len(tokens) < 5:
            try:
                grant = database.leases.acquire("device:lab/pump", "racer")
            except LeaseError:
                continue
            tokens.append(grant.token)
            assert database.leases.holds(grant)
            database.leases.release(grant)
    sys.stdout.write(" ".join(map(str, [claimed, *tokens])) + "\\n")

def fork():
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        claim()
        sys.stdout.flush()
        code = 0
    finally:
        os._exit(code)

children = [fork() for _ in range(4)]
sys.exit(any(os.waitpid(child, 0)[1] for child in children))
"""


def start(code: str, *words: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", code, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
