"""Where state lives: the run's journal (SQLite) and its folder. Nothing else keeps its own truth."""
