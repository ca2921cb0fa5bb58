"""Measure the same questions on this lakehouse and with the prior art's method, in one run."""
