"""The command line: verbs that only import what they need when they are called."""

from labloop.cli._app import main
from labloop.cli._program import program
from labloop.cli.running import confirm_real
from labloop.cli.terminal import console

__all__ = ["confirm_real", "console", "main", "program"]
