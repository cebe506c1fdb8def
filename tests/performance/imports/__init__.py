"""The data import beside psql's copy, and how it writes, by size."""
