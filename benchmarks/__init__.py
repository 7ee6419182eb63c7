"""How fast, as ratios and counts of one run: ``python -m benchmarks [--quick] [NAME ...]``."""
