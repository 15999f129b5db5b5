"""The Prefect server that labloop finds or starts: behind a guard, with a password and codes.

Here belongs everything about a server; running a campaign on it belongs to ``runs``. Read
``lifecycle.py`` first (find, start, end), then ``guard.py`` (who is let in).
"""
