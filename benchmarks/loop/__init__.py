"""Figures of the loop: cost, determinism, the demo, start-up."""
