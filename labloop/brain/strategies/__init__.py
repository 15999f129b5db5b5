"""Strategies: one way each to propose experiments from past ones."""
