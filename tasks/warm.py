"""What workers need and what takes seconds to import and set up; importing this module does it."""

from __future__ import annotations

from tasks import memory

memory.postpone()

from tasks import hold, stage  # noqa: E402, F401
from tasks.validate import warm  # noqa: E402

warm()
memory.settle()
