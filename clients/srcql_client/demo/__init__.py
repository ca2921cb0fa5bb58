"""A few problems, several implementations of each, run now: what they did is observed, kept and asked about."""
