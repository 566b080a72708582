"""Measurements, side by side in one run: `python -m benchmarks.NAME` prints them and writes results/NAME.json."""
