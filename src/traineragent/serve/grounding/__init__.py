"""Pointing at what a phrase describes: reading the phrase, finding things, and choosing among them by arithmetic."""
