"""A driver: one package an instrument, its bytes in ``_protocol.py``, its verbs in ``_driver.py``.

Copy to ``devices/labloop_devices/<instrument>/`` with a README that names the pages of the manual,
or into a package of your own. Tell these of it: the entry point ``labloop.drivers`` in
``pyproject.toml`` and CHANGELOG.md. Its emulator is ``emulator.py`` beside this folder; together
they pass ``labloop.testing.drivers.driver_checks``.
"""

from templates.shaker._driver import Shaker

__all__ = ["Shaker"]
