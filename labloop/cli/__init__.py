"""The command line: verbs that only import what they need when they are called.

From top to bottom: ``_program`` (the process) and ``session`` (``labloop.run`` in Python),
``_app`` (the typer application), ``verbs`` and ``stored`` (verbs that look at records), ``running``
(what runs a campaign), ``terminal``. Read ``_app.py`` first.
"""

from labloop.cli._app import main
from labloop.cli._program import program
from labloop.cli.running import confirm_real
from labloop.cli.terminal import console

__all__ = ["confirm_real", "console", "main", "program"]
