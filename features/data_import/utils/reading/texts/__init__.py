"""Texts, their encodings and records: csv, tsv and the like, also in a zip."""
