"""Marking parts of texts: tokens, what is observed of them, tags, spans. Shared by training and serving."""
