"""Templates of the documents in a bundle."""
