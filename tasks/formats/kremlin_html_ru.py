"""Event pages of kremlin.ru as HTML, the Russian edition: see `kremlin_html`."""

from __future__ import annotations

from functools import partial

from tasks.formats import kremlin_html, markup
from tasks.formats.editions import RUSSIAN

NAME = "kremlin-html-ru"
VERSION = 2
SOURCE = kremlin_html.SOURCE
LANGUAGE = RUSSIAN.language
TIME_ZONE = kremlin_html.TIME_ZONE

sniff = partial(kremlin_html.sniff, edition=RUSSIAN)
split = kremlin_html.split
parse = partial(kremlin_html.parse, edition=RUSSIAN)
is_complete = kremlin_html.is_complete
derive = partial(markup.derive, of="из")
