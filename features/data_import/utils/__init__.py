"""Pure parts of an import, which run in a child process."""
