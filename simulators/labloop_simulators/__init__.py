"""Emulators that answer at the level of bytes, and the worlds behind them."""
