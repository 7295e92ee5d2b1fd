"""Doubles and helpers that tests of every level share."""
