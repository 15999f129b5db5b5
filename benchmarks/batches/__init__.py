"""Batches: plates of many wells, and what experiments take, on simulated labs and real data."""
