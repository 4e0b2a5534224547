"""The command line: each command is a few lines over one function.

`stenolake --help` answers without importing Prefect, Great Expectations or PyArrow: a command imports what it needs.
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import sys
import traceback
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer

from flows.shown import tell, tell_json
from flows.signals import find_signals
from storage.errors import StenolakeError
from storage.files import require_folder
from tasks import memory

app = typer.Typer(
    name="stenolake",
    help="Turn dumps of transcripts into a lake of Parquet tables in which every row leads back to its bytes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

_LAKE = typer.Option("--lake", envvar="STENOLAKE_LAKE", help="Folder of the lake.", callback=require_folder)
LakeOption = Annotated[Path, _LAKE]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, and nothing else.")]

WaitOption = Annotated[float, typer.Option(help="Seconds to wait for a run that holds the lake.", min=0)]

WorkersOption = Annotated[
    int | None,
    typer.Option(
        help="Processes that parse and validate; one a core when not said, 1 for none but this one.",
        envvar="STENOLAKE_WORKERS",
        min=1,
    ),
]

DEFAULT_LAKE = Path("lake")


@app.command()
def ingest(
    inputs: Annotated[
        list[str],
        typer.Argument(help="Files, folders, globs, s3:// addresses, or - for standard input.", metavar="INPUT..."),
    ],
    lake: LakeOption = DEFAULT_LAKE,
    source: Annotated[
        str | None, typer.Option(help="Publisher's slug, for documents that do not tell their own.")
    ] = None,
    format: Annotated[str | None, typer.Option("--format", help="Read as this format, whatever it looks like.")] = None,
    language: Annotated[str | None, typer.Option(help="BCP 47 tag, for documents that do not tell their own.")] = None,
    date: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Event date, for documents without one.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read, parse and validate, but write nothing.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 3 when something is held in quarantine.")] = False,
    wait: WaitOption = 0,
    accept_envelope: Annotated[
        str | None, typer.Option(metavar="REASON", help="Publish a dump that is unlike earlier ones; say why.")
    ] = None,
    workers: WorkersOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read transcript dumps into the lake."""
    from flows.run import run_ingest

    day = date.date() if date else None
    options: dict[str, Any] = {
        "dry_run": dry_run,
        "strict": strict,
        "as_json": as_json,
        "accept_envelope": accept_envelope,
        "workers": workers,
    }
    raise typer.Exit(run_ingest(inputs, lake, source, format, language, day, wait_seconds=wait, **options))


@app.command()
def fetch(
    source: Annotated[str, typer.Argument(help="Slug of a source, or the path of a profile (TOML).")],
    lake: LakeOption = DEFAULT_LAKE,
    since: Annotated[
        dt.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="First day; by default the last days again, and days with a hole."),
    ] = None,
    until: Annotated[dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day; by default today.")] = None,
    limit: Annotated[int | None, typer.Option(help="Pages to ask for at most.", min=0)] = None,
    base_url: Annotated[str | None, typer.Option(help="A mirror to ask in place of the publisher.")] = None,
    edition: Annotated[str | None, typer.Option(help="Edition of the source, such as ru.")] = None,
    delay: Annotated[
        float | None,
        typer.Option(
            min=0, metavar="SECONDS", help="Between two requests; less than the profile says only on a mirror here."
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 3 when something is held in quarantine.")] = False,
    wait: WaitOption = 0,
    accept_envelope: Annotated[
        str | None, typer.Option(metavar="REASON", help="Publish what is unlike earlier runs; say why.")
    ] = None,
    workers: WorkersOption = None,
    as_json: JsonOption = False,
) -> None:
    """Download what is new or changed at a source, archive it, and read it into the lake."""
    from flows.run import run_fetch

    options: dict[str, Any] = {
        "source": source,
        "since": since.date() if since else None,
        "until": until.date() if until else None,
        "limit": limit,
        "base_url": base_url,
        "edition": edition,
        "delay_seconds": delay,
        "wait_seconds": wait,
        "accept_envelope": accept_envelope,
        "workers": workers,
    }
    raise typer.Exit(run_fetch(lake, strict=strict, as_json=as_json, **options))


@app.command("export-warc")
def export_warc(
    out: Annotated[Path, typer.Argument(help="File to write: archive.warc.gz.", metavar="OUT")],
    lake: LakeOption = DEFAULT_LAKE,
    source: Annotated[str | None, typer.Option(help="Only what was fetched from this source.")] = None,
    since: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only what was fetched on that day or later.")
    ] = None,
    until: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only what was fetched on that day or before.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write every archived response as WARC."""
    from flows.export import run_export_warc

    days = (since.date() if since else None, until.date() if until else None)
    raise typer.Exit(run_export_warc(lake, out, source, *days, as_json=as_json))


@app.command()
def trace(
    id: Annotated[
        str, typer.Argument(help="Id of a document, turn, paragraph, tag, link or photo, or SHA-256 of a dump.")
    ],
    lake: LakeOption = DEFAULT_LAKE,
    versions: Annotated[
        bool, typer.Option("--versions", help="Every text that the document has had, and what changed.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """From any row, document or dump back to its bytes, run and checks, and forward to rows and files."""
    if versions:
        from flows.trace_versions import run_versions

        raise typer.Exit(run_versions(id, lake, as_json=as_json))
    from flows.trace import run_trace

    raise typer.Exit(run_trace(id, lake, as_json=as_json))


@app.command()
def verify(
    lake: LakeOption = DEFAULT_LAKE,
    sample: Annotated[str, typer.Option(help="A part of all, 1/7 to 7/7: on seven days everything is proven.")] = "1/1",
    as_json: JsonOption = False,
) -> None:
    """Prove the lake against its raw bytes."""
    from flows.verify import run_verify

    raise typer.Exit(run_verify(lake, sample=sample, as_json=as_json))


@app.command()
def reprocess(
    lake: LakeOption = DEFAULT_LAKE,
    source: Annotated[str | None, typer.Option(help="Only dumps that hold documents of this source.")] = None,
    since: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only dumps retrieved on that day or later.")
    ] = None,
    accept_loss: Annotated[
        str | None, typer.Option(metavar="REASON", help="Why it is right that documents or turns get lost.")
    ] = None,
    wait: WaitOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Derive the tables anew from the raw store, without the network, and say what changed."""
    from flows.run import run_reprocess

    day = since.date() if since else None
    options = {"source": source, "since": day, "wait_seconds": wait, "accept_loss": accept_loss}
    raise typer.Exit(run_reprocess(lake, as_json=as_json, **options))


@app.command()
def gc(
    lake: LakeOption = DEFAULT_LAKE,
    delete: Annotated[bool, typer.Option("--delete", help="Remove what is listed.")] = False,
    wait: WaitOption = 0,
    as_json: JsonOption = False,
) -> None:
    """List what no ledger entry reaches, and with --delete remove it."""
    from flows.gc import run_gc

    raise typer.Exit(run_gc(lake, delete=delete, wait_seconds=wait, as_json=as_json))


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help="SQL over the tables, in DuckDB's dialect.")],
    lake: LakeOption = DEFAULT_LAKE,
    as_json: JsonOption = False,
) -> None:
    """Ask the tables in SQL: documents, turns, paragraphs, tags, links, photos, and _lineage's runs, inputs, …"""
    from flows.sql import run_sql

    raise typer.Exit(run_sql(query, lake, as_json=as_json))


@app.command()
def ui(
    port: Annotated[
        int | None, typer.Option(help="Port on 127.0.0.1; by default 4200 or the next that is free.")
    ] = None,
    lake: LakeOption = DEFAULT_LAKE,
    as_json: JsonOption = False,
) -> None:
    """Start the flow UI on 127.0.0.1 and print its address."""
    from flows.server import run_ui

    raise typer.Exit(run_ui(port, as_json=as_json))


@app.command()
def serve(
    lake: LakeOption = DEFAULT_LAKE,
    drop: Annotated[
        Path, typer.Option(envvar="STENOLAKE_DROP", help="Folder whose new files are ingested; made when missing.")
    ] = Path("drop"),
    report: Annotated[
        Path, typer.Option(envvar="STENOLAKE_REPORT", help="Folder for the report, outside the lake.")
    ] = Path("report"),
    port: Annotated[
        int | None, typer.Option(help="Port on 127.0.0.1 for the flow UI; by default 4200 or the next that is free.")
    ] = None,
    only_deploy: Annotated[
        bool, typer.Option("--only-deploy", help="Make the deployments on the server of PREFECT_API_URL, and end.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Run the scheduled deployments of prefect.yaml, until Ctrl-C."""
    from flows.serve import run_serve

    raise typer.Exit(run_serve(lake, drop, report, port, only_deploy=only_deploy, as_json=as_json))


@app.command()
def doctor(lake: LakeOption = DEFAULT_LAKE, as_json: JsonOption = False) -> None:
    """Say what on this machine or in this lake would make a run fail."""
    from flows.doctor import run_doctor

    raise typer.Exit(run_doctor(lake, as_json=as_json))


@app.command()
def report(
    out: Annotated[Path, typer.Option(help="Folder for the report, outside the lake.")] = Path("report"),
    lake: LakeOption = DEFAULT_LAKE,
    as_json: JsonOption = False,
) -> None:
    """Write the lake's report: HTML that opens from disk, with charts, runs, checks, quarantine and every document."""
    from flows.report import run_report

    raise typer.Exit(run_report(lake, out, as_json=as_json))


quarantine = typer.Typer(help="What was held back, why, and the ways out.", no_args_is_help=True)
app.add_typer(quarantine, name="quarantine")


@quarantine.command("list")
def quarantine_list(lake: LakeOption = DEFAULT_LAKE, as_json: JsonOption = False) -> None:
    """List what is held back, and by which rules."""
    from flows.quarantine import run_list

    raise typer.Exit(run_list(lake, as_json=as_json))


@quarantine.command("show")
def quarantine_show(
    id: Annotated[str, typer.Argument(help="Quarantine id.")],
    lake: LakeOption = DEFAULT_LAKE,
    as_json: JsonOption = False,
) -> None:
    """Show why one document is held back, with the text at fault marked."""
    from flows.quarantine import run_show

    raise typer.Exit(run_show(lake, id, as_json=as_json))


@quarantine.command("retry")
def quarantine_retry(
    ids: Annotated[list[str] | None, typer.Argument(help="Quarantine ids; all when none is named.")] = None,
    rule: Annotated[str | None, typer.Option(help="Only what this rule holds.")] = None,
    lake: LakeOption = DEFAULT_LAKE,
    as_json: JsonOption = False,
) -> None:
    """Read what is held back once more, with the present parser, and publish what passes."""
    from flows.quarantine import run_release

    raise typer.Exit(run_release(lake, ids or [], rule, None, as_json=as_json))


@quarantine.command("accept")
def quarantine_accept(
    id: Annotated[str, typer.Argument(help="Quarantine id.")],
    reason: Annotated[str, typer.Option(help="Why the finding is no fault; it is kept in the lineage.")],
    lake: LakeOption = DEFAULT_LAKE,
    as_json: JsonOption = False,
) -> None:
    """Publish a document as it stands, with the reason on record."""
    from flows.quarantine import run_release

    raise typer.Exit(run_release(lake, [id], None, reason, as_json=as_json))


class Stopped(BaseException):
    """A signal arrived: unwinds like Ctrl-C does, so that staging is cleared and the run is recorded."""


_WORDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}
_received: list[int] = []


def _stop(signum: int, frame: FrameType | None) -> None:
    signal.signal(signum, signal.SIG_DFL)  # a second signal ends it at once
    _received.append(signum)
    raise Stopped


def main(arguments: list[str] | None = None) -> None:
    """Entry point: run a command, turn what was raised into one message and the exit code of the contract."""
    memory.postpone()
    _received.clear()
    for number in _WORDS:
        signal.signal(number, _stop)
    as_json = "--json" in (sys.argv[1:] if arguments is None else arguments)
    try:
        code: Any = app(args=arguments, standalone_mode=False)
    except StenolakeError as error:
        code = _fail(error.exit_code, error.message, error.advice, as_json=as_json)
    except typer.Exit as error:
        code = error.exit_code
    except Stopped:
        code = None
    except Exception as error:  # noqa: BLE001 - the one place that catches everything
        # a library that a signal interrupts may raise what it likes on the way out
        _received.extend(find_signals(error))
        code = None if _received else _fail_unexpectedly(error, as_json=as_json)
    if code is None and _received:
        advice = "run the same command again: what was published is whole"
        code = _fail(128 + _received[0], _WORDS[signal.Signals(_received[0])], advice, as_json=as_json)
    if (call := sys.modules.get("flows.call")) and call.lost:
        # at its end Prefect would try for half a minute more to reach the server that has gone
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 0)
    sys.exit(code if isinstance(code, int) else 0)


def _fail_unexpectedly(error: Exception, *, as_json: bool) -> int:
    if hasattr(error, "format_message"):  # wrong usage, found by the parser of arguments
        return _fail(2, error.format_message(), "see stenolake --help", as_json=as_json)
    error = error.__cause__ if isinstance(error.__cause__, EOFError) else error  # click makes an Abort of it
    if os.environ.get("STENOLAKE_DEBUG"):
        traceback.print_exc()
    advice = "this is a bug: please report it with what STENOLAKE_DEBUG=1 prints"
    return _fail(1, f"unexpected {type(error).__name__}: {error}", advice, as_json=as_json)


def _fail(code: int, message: str, advice: str, *, as_json: bool) -> int:
    tell(f"stenolake: {message}", stream=sys.stderr)
    if advice:
        tell(f"  {advice}", stream=sys.stderr)
    if as_json:
        tell_json({"error": message, "advice": advice, "exit": code})
    return code
