"""The Prefect server that labloop starts: found, guarded, with a password and codes."""
