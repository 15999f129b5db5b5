"""How Alembic runs for this room; the revisions stand in ``versions``."""
