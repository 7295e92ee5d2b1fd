"""Deterministic simulation: the journey's own code, every fault we know of, one seed per history."""
