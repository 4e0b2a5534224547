"""The steps that flows call; `tasks.formats` holds the pure parsers."""
