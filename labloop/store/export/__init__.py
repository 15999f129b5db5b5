"""Takes records out of the database: tables as files, a backup, and its verification.

``tables.py`` makes the rows, ``writers.py`` (read it first) the files; ``backup.py`` copies a
database and compares all hashes. Figures and the HTML page belong to ``labloop.report``.
"""

from labloop.store.export.backup import Verification, backup, verify
from labloop.store.export.writers import export_campaign

__all__ = [
    "Verification",
    "backup",
    "export_campaign",
    "verify",
]
