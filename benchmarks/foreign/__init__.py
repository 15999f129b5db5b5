"""Other people's drivers on our emulators, and our drivers on other people's simulators."""
