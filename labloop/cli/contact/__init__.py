"""The group ``devices``: the first contact with an instrument, before there is a campaign.

One file for each kind of verb: ``scan`` (ports, and who answers on them), ``look`` (identify, read,
watch), ``act`` (run), ``transcripts`` (record, replay), ``check``, ``calibrations``. What they
share is in ``session.py`` and ``wanted.py``.
"""

import typer

from labloop.cli.contact import act, calibrations, check, look, scan, transcripts

group = typer.Typer(
    help="Meet an instrument: find its port, ask who it is, read it, command it once.",
    no_args_is_help=True,
    add_completion=False,
)


@group.callback()
def _group() -> None:
    """Meet an instrument: find its port, ask who it is, read it, command it once."""


for verb, name in (
    (scan.scan, "scan"),
    (look.identify, "identify"),
    (look.read, "read"),
    (look.watch, "watch"),
    (act.run, "run"),
    (transcripts.record, "record"),
    (transcripts.replay, "replay"),
    (check.check, "check"),
    (calibrations.calibrate, "calibrate"),
    (calibrations.calibrations, "calibrations"),
):
    group.command(name)(verb)

__all__ = ["group"]
