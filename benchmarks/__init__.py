"""Measurements: peers side by side in one run, and the figures that labloop promises."""
