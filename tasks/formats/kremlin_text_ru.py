"""Text of kremlin.ru, the Russian edition: read as the English one is, with its own wordings. See `kremlin_text`."""

from __future__ import annotations

from functools import partial

from tasks.formats import kremlin_text
from tasks.formats.editions import RUSSIAN

NAME = "kremlin-text-ru"
VERSION = 2
SOURCE = kremlin_text.SOURCE
LANGUAGE = RUSSIAN.language
TIME_ZONE = kremlin_text.TIME_ZONE
FROM_ANY_LINE = kremlin_text.FROM_ANY_LINE

sniff = partial(kremlin_text.sniff, edition=RUSSIAN)
split = partial(kremlin_text.split, edition=RUSSIAN)
parse = partial(kremlin_text.parse, edition=RUSSIAN)
doubts = partial(kremlin_text.doubts, edition=RUSSIAN)
is_complete = kremlin_text.is_complete
