"""Synthetic invoices, right and wrong. Nothing in them belongs to a real company or person."""
