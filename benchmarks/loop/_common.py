"""What the benches of the loop share: examples with another planner, a Prefect of their own."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from labloop.campaign import Definition, load_campaign, with_overrides, with_spec
from labloop.cli.verbs.demo import examples


def say(text: str) -> None:
    """Tell progress, apart from the result."""
    print(text, file=sys.stderr, flush=True)


def answer(found: dict[str, object]) -> None:
    """Print the result of a bench: one JSON object on one line."""
    print(json.dumps(found), flush=True)


def example(
    name: str, *, experiments: int, strategy: str | None = None, seed: int = 0
) -> Definition:
    """Return an example's campaign with another budget, seed and strategy."""
    definition = with_overrides(
        load_campaign(examples() / name), seed=seed, experiments=experiments
    )
    if strategy is None:
        return definition
    return with_spec(definition, replace(definition.spec, strategy=strategy, physics=None))


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def prefect_environment(folder: Path) -> dict[str, str]:
    """Return this environment with a Prefect of its own, which knows no other server."""
    own = {key: value for key, value in os.environ.items() if key != "PREFECT_API_URL"}
    return {
        **own,
        "PREFECT_HOME": str(folder / "prefect"),
        "LABLOOP_UI_PORT": str(free_port()),
        "OMP_NUM_THREADS": "1",
    }


@contextmanager
def own_prefect(folder: Path) -> Iterator[None]:
    """Let a Prefect engine of this process use a server of its own, and end that server.

    Prefect must not have been imported before.
    """
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(prefect_environment(folder))
    try:
        yield
    finally:
        # The engine has told this process its server's address; the stop reads the file.
        os.environ.pop("PREFECT_API_URL", None)
        stop_server(dict(os.environ))
        os.environ.clear()
        os.environ.update(before)


def stop_server(environment: dict[str, str]) -> None:
    """End the Prefect server that labloop started in ``environment``."""
    subprocess.run(
        [sys.executable, "-m", "labloop", "ui", "--stop"],
        env=environment,
        check=False,
        stdout=subprocess.DEVNULL,
    )
