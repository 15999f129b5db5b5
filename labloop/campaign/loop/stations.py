"""What the loop asks of the stations of a lab: that one is left out for a while."""

from typing import Protocol


class Stations(Protocol):
    """The stations of an open lab."""

    def withdraw(self, station: str) -> None:
        """Give a station to no experiment from now on; who has it keeps it."""
        ...

    def restore(self) -> None:
        """Give the stations that were withdrawn to experiments again."""
        ...


class NoStations:
    """Of a campaign without a lab."""

    def withdraw(self, station: str) -> None:
        """Do nothing: there is none."""

    def restore(self) -> None:
        """Do nothing: none was withdrawn."""
