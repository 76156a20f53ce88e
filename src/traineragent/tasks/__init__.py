"""Task types, one file each: what is predicted, by which metrics it may be judged, and how the hold-out is scored."""
