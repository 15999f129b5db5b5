"""What stands behind the emulators and in the worlds: liquids, vessels, heat, an arm on a deck."""
