"""Contract suites for people who extend labloop: drivers, physics, strategies.

``drivers`` checks a driver against its emulator, ``physics`` a physics model, ``strategies`` a
strategy, which it also compares with others. Each imports the room that it checks and none
above it.
"""
