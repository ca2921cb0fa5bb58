"""The demo: several implementations of a few problems, run now, observed, stored and queried."""
