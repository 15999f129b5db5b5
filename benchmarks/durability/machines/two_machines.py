"""The strikes of ``host_kills`` with host and campaign on two machines, and TLS between them.

Usage: python -m benchmarks.durability.machines.two_machines [--kills 20] [--tells] [--fresh]

Two network namespaces of Linux stand for the machines: neither reaches the other, or anything
else, but by one line of packets. It delays each packet by 5 to 25 ms, so that they overtake each
other, loses and doubles one in thirty, and is cut at times. Where no namespace can be made the
answer says why, and nothing is measured. Prints one JSON line.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.durability import doser
from benchmarks.durability.host_kills import Trial, measure, prepare, summed
from benchmarks.durability.machines._platform import Machine, bad_line, machine
from benchmarks.durability.machines.place import Place
from benchmarks.figures import KEPT
from benchmarks.loop._common import answer
from benchmarks.trials._platform import forked
from labloop.service import Listen

TRIALS = KEPT / "two_machines.jsonl"
HOST, CAMPAIGN = "192.0.2.1", "192.0.2.2"
"""Addresses for documentation (RFC 5737), in the namespaces alone."""
_PORT = 8443


@dataclass(frozen=True, slots=True)
class FarPlace(Place):
    """A campaign on one machine and its host on another."""

    far: Machine
    near: Machine

    @property
    def lab(self) -> str:
        """The lab as the campaign names it."""
        return f"host://doser@{HOST}:{_PORT}"

    @property
    def listen(self) -> Listen:
        """Where the host listens: on its network, with TLS."""
        folder = self.folder
        return Listen(f"{HOST}:{_PORT}", folder / "cert.pem", folder / "key.pem")

    def host(self) -> None:
        """Be the host, over there."""
        self.far.enter()
        Place.host(self)

    def campaign(self) -> None:
        """Be the campaign, over here; a person has copied token and certificate."""
        self.near.enter()
        copied = self.at("campaign").parent / f"doser@{HOST}"
        shutil.copy(self.at("host").with_suffix(".token"), f"{copied}.token")
        shutil.copy(self.folder / "cert.pem", f"{copied}.pem")
        Place.campaign(self)

    def status(self) -> dict[str, Any]:
        """Return how the host stands, asked on its own machine."""
        return self.far.inside(lambda: Place.status(self))

    def end(self) -> None:
        """Let the host end in order, by a word on its own machine."""
        self.far.inside(lambda: Place.end(self))


@contextmanager
def struck(number: int, draw: random.Random, *, tells: bool) -> Iterator[Trial]:
    """Yield a campaign that can be struck, on two machines of its own."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="two-machines-")))
        far, near = (stack.enter_context(machine(each)) for each in (HOST, CAMPAIGN))
        place = FarPlace(folder, far, near)
        _make_certificate(folder)

        def serve() -> None:
            far.enter()
            doser.keep_truth(folder)

        stack.enter_context(forked(serve))
        stack.enter_context(bad_line(far, near, folder / "cut", number))
        prepare(place, number, tells=tells)
        trial = Trial(place, draw)
        stack.callback(trial.end)
        yield trial


def _make_certificate(folder: Path) -> None:
    """Make a certificate as docs/how-to/host.md tells it."""
    words = ["openssl", "req", "-x509", "-newkey", "rsa:3072", "-nodes", "-days", "825"]
    words += ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    words += ["-subj", "/CN=lab-pc", "-addext", f"subjectAltName=IP:{HOST}"]
    subprocess.run(words, check=True, capture_output=True)


def why_not() -> str:
    """Return why two machines cannot be made here; empty where they can."""
    if sys.platform != "linux":
        return "network namespaces are Linux's"
    missing = [each for each in ("ip", "openssl") if shutil.which(each) is None]
    if missing:
        return f"{' and '.join(missing)} is not installed"
    try:
        with machine(HOST):
            return ""
    except OSError as error:
        return f"no network of its own can be made here ({error}); try it as root"


def main() -> None:
    """Measure and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--kills", type=int, default=20, help="strikes, each of one kill or two")
    parser.add_argument("--tells", action="store_true", help="the doser can be asked what it did")
    parser.add_argument("--keep", type=Path, default=TRIALS)
    parser.add_argument("--fresh", action="store_true", help="forget what was measured before")
    given = parser.parse_args()
    why = why_not()
    if why:
        answer({"skipped": why})
        return
    if given.fresh:
        given.keep.unlink(missing_ok=True)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory(prefix="two-machines-state-") as state:
        os.environ |= {"LABLOOP_STATE": state, "LABLOOP_LOCKS": f"{state}/locks"}
        judged = measure(given.kills, given.keep, tells=given.tells, make=struck)
    answer(summed(judged))


if __name__ == "__main__":
    main()
