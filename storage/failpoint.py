"""Named places at which a test kills the process, to see that it does not matter.

`STENOLAKE_FAILPOINT=commit.intended` sends SIGKILL to this process the first time that it comes to that place,
`STENOLAKE_FAILPOINT=commit.move:3` the third time. Without the variable nothing happens.
"""

from __future__ import annotations

import os
import signal
from collections import Counter

# In the order in which an ingest comes by; the `undo` and `recover` ones only after a failure.
NAMES = (
    "lock.taken", "run.folder_made", "run.noted", "run.announced",
    "raw.made", "raw.listed", "disk.syncing", "disk.synced", "raw.synced", "raw.placed",
    "table.made", "table.synced", "table.read_back",
    "ledger.made", "commit.keeping", "commit.kept", "commit.intent_made", "commit.intended",
    "commit.move", "exchange.made", "exchange.done", "commit.moved",
    "commit.tables", "commit.documents", "commit.ledger", "commit.done",
    "commit.forgotten", "run.swept", "undo.begun", "undo.move", "undo.done",
    "recover.begun", "recover.redone", "recover.undone", "recover.recorded", "recover.swept",
)  # fmt: skip

_met: Counter[str] = Counter()


def reach(name: str) -> None:
    """Die here, as a power cut would have it, where the environment asks for it."""
    asked = os.environ.get("STENOLAKE_FAILPOINT")
    if asked is None:
        return
    assert name in NAMES
    wanted, _, times = asked.partition(":")
    if name == wanted:
        _met[name] += 1
        if _met[name] >= int(times or 1):
            os.kill(os.getpid(), signal.SIGKILL)
