"""What survives: kills at named points and at random, restarts, races, days of faults."""
