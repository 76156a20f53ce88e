"""Views of texts and pictures as plain numbers, one file each: what a fixed graph computes of a rich input."""
