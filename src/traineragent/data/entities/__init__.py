"""Annotated texts: tagged tokens and marked spans in the formats people have, as texts with spans."""
