"""The watchdog process: it makes a lab safe when the process that has it has died, or hangs.

Started by the host of a real lab, as ``python -m labloop.lab.watchdog``, in a session of its own.
Here belongs what that process does: ``watching.py`` decides when to act, ``rescue.py`` brings the
devices into their safe state with the host's own code, ``note.py`` writes down what was done. How
it is started and fed belongs to ``host``. Read ``__main__.py`` first.
"""
