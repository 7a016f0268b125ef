"""What zelo promises to reach, measured: one module a benchmark, run by `python3 dev.py bench NAME [--json]`."""
