"""The Lambda functions' entry points. Wiring happens here and nowhere else."""
