"""Records that leave the database: tables for people, and a backup that is checked."""

from labloop.store.export.backup import Verification, backup, verify
from labloop.store.export.writers import export_campaign

__all__ = [
    "Verification",
    "backup",
    "export_campaign",
    "verify",
]
