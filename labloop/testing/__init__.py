"""Contract suites for people who extend labloop: drivers, physics, strategies."""
