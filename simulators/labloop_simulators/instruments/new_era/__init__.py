"""Wire-level emulator of a New Era NE-1000 syringe pump, basic and safe mode.

Written from the NE-1000 manual (publication 1200-01), pages 33 and 34, the NE-1600 manual
(1200-02), pages 34 and 35, the NE-500 manual (1200-02), pages 7 and 29, the NE-4000 manual
(1240-01), page 34, and the NE-9000 manual (1200-04), page 48 (``*ADR``, ``*RESET``); what the
manuals leave open is listed in the README of the driver.
"""

from labloop_simulators.instruments.new_era._emulator import NewEraEmulator

__all__ = ["NewEraEmulator"]
