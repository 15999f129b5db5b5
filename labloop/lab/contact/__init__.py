"""The first contact with instruments: which ports there are, and who answers on them.

Here belongs what is done before there is a lab: it opens one line, asks, and closes it. What an
open lab does belongs to ``host``. Read ``asking.py`` first.
"""

from labloop.lab.contact.asking import Asked, ask_identity, drivers_to_ask

__all__ = ["Asked", "ask_identity", "drivers_to_ask"]
