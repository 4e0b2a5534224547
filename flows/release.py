"""The flow of `quarantine retry` and `accept`: what was held back, read again by the steps that ingest has."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flows import environment
from flows.call import call_flow

environment.quiet()  # before Prefect reads its settings

from prefect import flow  # noqa: E402
from prefect.client.schemas.objects import State  # noqa: E402
from prefect.runtime import flow_run  # noqa: E402

from flows.asked import require_rules  # noqa: E402
from flows.ingest import judge_batches, publish  # noqa: E402
from flows.notify import notify_crashed  # noqa: E402
from flows.outcome import finish, refusable  # noqa: E402
from flows.session import Session, session  # noqa: E402
from storage import ledger  # noqa: E402
from storage.errors import RefusedError, UsageError  # noqa: E402
from storage.lake import Lake  # noqa: E402
from tasks import release as steps  # noqa: E402
from tasks.acquire import Dump  # noqa: E402
from tasks.hold import Held  # noqa: E402

Pairs = frozenset[tuple[str, str]]


@flow(
    name="retry", flow_run_name="retry what is held back", persist_result=False, retries=0, on_crashed=[notify_crashed]
)
@refusable
def retry(lake: str = environment.LAKE, ids: list[str] | None = None, rule: str | None = None) -> State:
    """Read documents in quarantine again and publish those that pass now.

    Args:
        lake: folder of the lake.
        ids: quarantine ids; all that are open when none is named.
        rule: only what this rule holds.
    """
    require_rules()
    parameters: dict[str, object] = {"ids": ids or [], "rule": rule}
    with session("retry", flow_run.id or str(uuid.uuid4()), Path(lake), parameters, dry_run=False) as at_work:
        rows = steps.choose_open(at_work.lake, ids or [], rule)
        dumps, held = read_again(at_work, rows, ledger.accepted_findings(at_work.lake))
        publish(at_work, dumps, held, "retry")
    return finish(at_work.run)


@flow(name="accept", flow_run_name="accept {id}", persist_result=False, retries=0, on_crashed=[notify_crashed])
@refusable
def accept(id: str, reason: str, lake: str = environment.LAKE) -> State:
    """Publish a document in quarantine as it is; who, when and why stand in the lineage.

    Args:
        id: quarantine id.
        reason: why the finding is no fault.
        lake: folder of the lake.
    """
    require_rules()
    parameters: dict[str, object] = {"id": id, "reason": reason}
    with session("accept", flow_run.id or str(uuid.uuid4()), Path(lake), parameters, dry_run=False) as at_work:
        rows = steps.choose_open(at_work.lake, [id])
        steps.require_acceptable(rows)
        vouched = frozenset((row["quarantine_id"], row["rule_id"]) for row in rows)
        dumps, held = read_again(at_work, rows, ledger.accepted_findings(at_work.lake) | vouched)
        require_passed(id, held)
        publish(at_work, dumps, held, "accept", reason)
    return finish(at_work.run)


def read_again(at_work: Session, rows: Sequence[steps.Row], accepted: Pairs) -> tuple[list[Dump], list[Held]]:
    """Parse and validate what is held back, each with what was said when it came in."""
    dumps: list[Dump] = []
    held: list[Held] = []
    for number, (defaults, group) in enumerate(steps.group_by_defaults(at_work.lake, rows, at_work.run)):
        found = steps.find_dumps(at_work.lake, group, at_work.raw)
        total = sum(row["byte_end"] - row["byte_start"] for row in group)
        batches = steps.cut_held(group, found, at_work.raw, at_work.folder / f"group-{number}")
        held += judge_batches(at_work, batches, total, defaults, accepted)
        dumps += found
    at_work.run.inputs += {dump.record.dump_sha256: dump.record for dump in dumps}.values()
    return dumps, held


def require_passed(quarantine_id: str, held: Sequence[Held]) -> None:
    """Raise unless the document passes with what was accepted."""
    if quarantine_id not in steps.passed_ids([one.judged for one in held]):
        broken = sorted({finding.rule_id for one in held for finding in one.findings})
        raise RefusedError(
            f"{quarantine_id} would still be held back, by {', '.join(broken) or 'the parser, which finds nothing'}",
            f"stenolake quarantine retry {quarantine_id}, and look at what it says then",
        )


def run_release(lake: Path, ids: list[str], rule: str | None, reason: str | None) -> dict[str, Any]:
    """Run one of the two flows in this process: `accept` where there is a reason. Returns what the run counts.

    Raises:
        UsageError: nothing that was named is open, or it cannot be accepted.
        RefusedError: an accepted document would still be held back.
    """
    opened = Lake.open(lake)
    chosen = steps.choose_open(opened, ids, rule)  # a wrong id is told before a server is started
    if reason is not None:
        if not reason.strip():
            raise UsageError("no reason is given", "say in --reason why the finding is no fault: it is kept")
        steps.require_acceptable(chosen)
    if reason is not None:
        return call_flow(accept, id=ids[0], reason=reason, lake=str(lake))
    return call_flow(retry, lake=str(lake), ids=ids, rule=rule)
