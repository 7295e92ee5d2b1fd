"""Remessa: upload a file, and it is processed, recorded and queryable."""
