"""The series line: values over time, one series or many, and what comes next. Named in `lines/series`."""
