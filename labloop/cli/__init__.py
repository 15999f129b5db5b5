"""The command line: verbs that only import what they need when they are called."""

from labloop.cli._app import main
from labloop.cli._program import program
from labloop.cli.terminal import console
from labloop.cli.verbs.run import confirm_real

__all__ = ["confirm_real", "console", "main", "program"]
