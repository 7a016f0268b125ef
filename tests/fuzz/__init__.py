"""Entry points for fuzzing guided by coverage: `python -m tests.fuzz.fuzz_check`, `fuzz_load`."""
