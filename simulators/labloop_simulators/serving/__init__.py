"""``labloop emulate``: one shipped emulator, served to anybody's software."""

from labloop_simulators.serving._verb import emulate

__all__ = ["emulate"]
