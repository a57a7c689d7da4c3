"""Probes: what makes a scorer's figure rise that should not, and whether it reads the context at all."""
