"""The formats that Stenolake reads: one module a format, chosen by the registry from the text itself.

A format module is a set of pure functions of text:

    NAME = "kremlin-text"; VERSION = 3
    sniff(head: str) -> float                 evidence that the text is of this format, 0 to 1
    split(text: str) -> list[tuple[int, int]] spans of documents, which tile the text, white space aside
    parse(text: str) -> list[Block]           the blocks of one document
"""
