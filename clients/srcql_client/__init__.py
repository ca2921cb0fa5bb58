"""The client of SRCQL: over the wire or embedded, and the command line."""
