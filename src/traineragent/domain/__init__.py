"""Frozen values that travel between the parts. Standard library only; they know nothing of files, clocks or models."""
