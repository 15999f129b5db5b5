"""Benches of things: stock that several processes race for, samples that move and crash."""
