"""Takes records out of the database: tables, an archive of a campaign, a backup.

``tables.py`` makes the rows, ``writers.py`` (read it first) the files; ``archive.py`` puts all of a
campaign into one file, with ``verify_archive.py`` as the script in it; ``backup.py`` copies a
database and compares all hashes. Figures and the HTML page belong to ``labloop.report``.
"""

from labloop.store.export.archive import Archive, write_archive
from labloop.store.export.backup import Verification, backup, verify
from labloop.store.export.writers import export_campaign

__all__ = [
    "Archive",
    "Verification",
    "backup",
    "export_campaign",
    "verify",
    "write_archive",
]
