"""Machines for the strikes at campaign, host and line: one, or two with a network each."""
