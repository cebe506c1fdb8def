"""Spreadsheets into tables: every row accounted for."""
