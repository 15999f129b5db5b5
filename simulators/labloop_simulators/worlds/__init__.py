"""Worlds: the hidden physics behind the emulators of one simulated lab."""
