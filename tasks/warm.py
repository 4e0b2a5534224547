"""What workers need and what takes seconds to import and set up; importing this module does it."""

from __future__ import annotations

import gc

from tasks import hold, publish  # noqa: F401
from tasks.validate import warm

warm()
# What is there now stays: no collection looks at it again, so that its memory stays shared by all workers.
gc.collect()
gc.freeze()
