"""Runs code that nobody has read: a locked process without files, network, keys or children of its own.

It knows nothing of models, agents or data sets; who uses it gives columns and gets an expression and numbers back.
"""
