"""Lines, one file each: which functions work on tasks of one shape. Only names stand here, so listing is free."""
