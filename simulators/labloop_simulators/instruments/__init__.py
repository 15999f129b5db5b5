"""Emulators at the level of bytes: one module per instrument."""
