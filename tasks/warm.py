"""What workers need and what takes seconds to import and set up; importing this module does it."""

from __future__ import annotations

from tasks import hold, publish  # noqa: F401
from tasks.validate import warm

warm()
