"""``labloop adapt``: the files that make an instrument of another library a device."""

from labloop_adapters.adapt.verb import adapt

__all__ = ["adapt"]
