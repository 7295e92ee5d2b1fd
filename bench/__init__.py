"""Measurements, each runnable by itself: `python -m bench.NAME`. Nothing here is a test."""
