"""Training of models that find what a phrase describes, and how good they are."""
