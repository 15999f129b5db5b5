"""Drivers that labloop ships: one package per instrument."""
