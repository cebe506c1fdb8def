"""The event bridge beside others, on one machine in one run: see `__main__`."""
