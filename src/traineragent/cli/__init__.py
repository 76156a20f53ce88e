"""Arguments in, sentences out. Results go to stdout, progress, warnings and questions to stderr; no traceback ever."""
