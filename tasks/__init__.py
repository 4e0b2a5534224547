"""The steps of a flow: acquire, cut, parse, validate, publish. `tasks.formats` holds the pure parsers."""
