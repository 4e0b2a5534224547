"""What workers need and what takes seconds to import and set up; importing this module does it."""

from __future__ import annotations

import gc

from tasks import hold, publish  # noqa: F401
from tasks.validate import warm

warm()
# What is there now stays: no collection looks at it, so that its memory stays shared by all workers. A collection of
# its own before that would take half a second of each run.
gc.freeze()
