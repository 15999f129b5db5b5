"""The group ``strategy``: which strategies there are, and peers that are installed for them."""

from typing import Annotated

import typer

from labloop.cli.terminal import console, table_lines, waiting

group = typer.Typer(
    help="Strategies: list them; install peers (BayBE, Ax, BoFire, Optuna).",
    no_args_is_help=True,
    add_completion=False,
)


@group.callback()
def _group() -> None:
    """Strategies: list them; install peers (BayBE, Ax, BoFire, Optuna)."""


@group.command("list")
def list_() -> None:
    """List the strategies by name, and where those of others run."""
    from labloop.brain import strategy_names  # noqa: PLC0415 - keeps labloop --help quick
    from labloop.brain.peers import PEERS, installed  # noqa: PLC0415 - as above

    rows = []
    for name in strategy_names():
        peer = PEERS.get(name)
        if peer is None:
            rows.append((name, "labloop's own", ""))
            continue
        python = installed(peer)
        where = f"not installed: labloop strategy install {name}" if python is None else str(python)
        rows.append((name, peer.requirement, where))
    for line in table_lines(("strategy", "what", "runs in"), rows):
        console().print(line)


@group.command("install")
def install(
    names: Annotated[
        list[str], typer.Argument(metavar="NAME...", help="baybe, ax, bofire, optuna")
    ],
) -> None:
    """Install peers, in versions that go together, into one environment of their own.

    2.3 GB with all of them. LABLOOP_PEERS names another folder than the user's own.
    """
    from labloop.brain.peers import install as install_peers  # noqa: PLC0415 - as above
    from labloop.brain.peers import peers_folder  # noqa: PLC0415 - as above

    screen = console()
    with waiting(screen, f"installing {', '.join(names)}") as meanwhile:

        def say(line: str) -> None:
            meanwhile.say(line[:100])

        install_peers(names, say)
    told = ", ".join(names)
    screen.print(f"installed {told} in {peers_folder()}; used by strategy={names[0]!r}")
