"""The facets and datasets of OpenLineage events; pure functions of a run's record.

Datasets: each table is one dataset named by its root, each input one by its path or address, and the raw store `_raw`,
which holds the bytes of every input, is the dataset that column lineage starts from. Imports the OpenLineage client
(0.7 s): use it through `storage/openlineage.py`.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from openlineage.client import facet_v2 as facets
from openlineage.client.constants import __version__ as client_version
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, RunEvent, RunState, set_producer
from openlineage.client.event_v2 import Run as EventRun

from storage.column_lineage import COLUMNS, DUMP_FIELDS, WHOLE_TABLE, list_dump_fields, parse_steps
from storage.records import Input, Output, Run, Verdict
from storage.schemas import PUBLISHED, TABLES, describe

if TYPE_CHECKING:
    from storage.openlineage import Parent

PRODUCER = "urn:stenolake:events"  # constant, so that events of different versions compare; the version is in a facet
JOB_NAMESPACE = "stenolake"
RAW_STORE = "_raw"
# Above this many, inputs are listed by folder: every event goes out as one HTTP request.
INPUT_LIMIT = 1000

_STATES = {
    "completed": "COMPLETE",
    "completed_with_quarantine": "COMPLETE",
    "refused": "FAIL",
    "failed": "FAIL",
}
_SEVERITIES = {"critical": "error", "warning": "warn", "info": "info"}  # ours -> words that the facet recommends
_VERSION_RE = re.compile(r"\s*([0-9][0-9A-Za-z.]*)")
_COMMIT_RE = re.compile(r"(?<![0-9a-z])g?([0-9a-f]{7,40})(?![0-9a-z])")

set_producer(PRODUCER)

Dataset = tuple[str, str]  # namespace, name


def final_state(run: Run) -> str:
    """COMPLETE or FAIL, by the status of an ended run; ValueError for any other."""
    if run.status not in _STATES:
        raise ValueError(f"run {run.run_id}: status `{run.status}` ends no run; known are {', '.join(_STATES)}")
    return _STATES[run.status]


def build_event(state: str, run: Run, lake_uri: str, parent: Parent | None) -> RunEvent:
    """The event of a run at its start (`START`) or its end (`COMPLETE`, `FAIL`).

    START says nothing that only the end knows, so that it is the same whenever it is built.
    """
    at = run.started_at if state == "START" else run.ended_at
    if at is None:
        raise ValueError(f"run {run.run_id}: {state} needs the time when the run ended")
    return RunEvent(
        eventType=RunState(state),
        eventTime=_time(at),
        run=EventRun(runId=str(uuid.UUID(run.run_id)), facets=_run_facets(state, run, parent)),
        job=Job(namespace=JOB_NAMESPACE, name=run.flow, facets=_job_facets(run)),
        inputs=[] if state == "START" else _inputs(run.inputs, lake_uri),
        outputs=[] if state == "START" else _outputs(run, lake_uri),
    )


def name_dataset(uri: str) -> Dataset:
    """Namespace and name of what an address points at, by the naming rules of OpenLineage.

    A relative path is completed with the working directory; an archive member keeps its `archive!/member` name.

    >>> name_dataset("file:///data/a%20b.txt"), name_dataset("s3://bucket/lake/my%20turns")
    (('file', '/data/a b.txt'), ('s3://bucket', 'lake/my turns'))
    >>> name_dataset("https://example.org/events/7?page=2"), name_dataset("-")
    (('https://example.org', '/events/7?page=2'), ('stdin', '-'))
    """
    if uri == "-":
        return "stdin", "-"
    parts = urlsplit(uri)
    if parts.scheme == "file":
        return "file", unquote(parts.path)
    if parts.scheme and "://" in uri:
        query = f"?{parts.query}" if parts.query else ""
        host = parts.netloc.rpartition("@")[2]  # never a password
        path = unquote(parts.path).strip("/") if parts.scheme in {"s3", "s3a"} else parts.path + query
        return f"{parts.scheme}://{host}", path or "/"
    return "file", os.path.abspath(uri)  # noqa: PTH100 - a name, not a look at the disk: links stay as they are written


def _below(lake_uri: str, name: str) -> Dataset:
    return name_dataset(f"{lake_uri.rstrip('/')}/{name}")


def _time(at: dt.datetime) -> str:
    if at.tzinfo is None:
        raise ValueError(f"time {at} has no time zone")
    return at.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


# The run and its job


def _run_facets(state: str, run: Run, parent: Parent | None) -> dict[str, facets.RunFacet]:
    version = _VERSION_RE.match(run.code_version)
    made: dict[str, facets.RunFacet] = {
        "parent": _parent(run, parent),
        "nominalTime": facets.nominal_time_run.NominalTimeRunFacet(
            nominalStartTime=_time(parent.scheduled_at if parent and parent.scheduled_at else run.started_at)
        ),
        "processing_engine": facets.processing_engine_run.ProcessingEngineRunFacet(
            name="stenolake",
            version=version[1] if version else run.code_version,
            openlineageAdapterVersion=client_version,
        ),
        "executionParameters": facets.execution_parameters_run.ExecutionParametersRunFacet(
            parameters=[
                facets.execution_parameters_run.ExecutionParameter(
                    key=key, value=value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
                )
                for key, value in sorted(run.parameters.items())
            ]
        ),
    }
    elsewhere = [verdict for verdict in run.verdicts if verdict.table not in PUBLISHED]
    if elsewhere and state != "START":
        made["test"] = _tests(elsewhere)
    if state == "FAIL":
        made["errorMessage"] = facets.error_message_run.ErrorMessageRunFacet(
            message=run.error or f"the run was {run.status}", programmingLanguage="PYTHON"
        )
    return made


def _parent(run: Run, parent: Parent | None) -> facets.RunFacet:
    """The run that started this one; where none is known, the invocation, with an id derived from the run's.

    A run cannot be its own parent (catalogues key runs by id), and the facet demands a run.
    """
    run_id, namespace, name = str(uuid.uuid5(uuid.UUID(run.run_id), "invocation")), JOB_NAMESPACE, "stenolake"
    if parent is not None:
        run_id, namespace, name = parent.run_id, parent.namespace, parent.name
    of = facets.parent_run
    return of.ParentRunFacet(
        run=of.Run(runId=run_id),
        job=of.Job(namespace=namespace, name=name),
        root=of.Root(run=of.RootRun(runId=run_id), job=of.RootJob(namespace=namespace, name=name)),
    )


def _job_facets(run: Run) -> dict[str, facets.JobFacet]:
    version = _VERSION_RE.match(run.code_version)
    found = _COMMIT_RE.search(run.code_version, version.end() if version else 0)
    exact = found[1] if found else run.code_version
    path = f"flows/{run.flow.replace('-', '_')}.py"
    return {
        "jobType": facets.job_type_job.JobTypeJobFacet(processingType="BATCH", integration="STENOLAKE", jobType="FLOW"),
        "documentation": facets.documentation_job.DocumentationJobFacet(
            description=f"Flow `{run.flow}`: turns dumps of transcripts into the tables of a lake.",
            contentType="text/markdown",
        ),
        # No repository address is known at run time, so the location is named by commit and path.
        "sourceCodeLocation": facets.source_code_location_job.SourceCodeLocationJobFacet(
            type="git", url=f"urn:stenolake:source:{exact.replace(' ', '')}:{path}", path=path, version=exact
        ),
    }


# Inputs


def _inputs(inputs: Sequence[Input], lake_uri: str) -> list[InputDataset]:
    grouped: dict[Dataset, list[Input]] = defaultdict(list)
    for item in inputs:
        grouped[name_dataset(item.uri)].append(item)
    listed = [_input(dataset, items) for dataset, items in sorted(_group_by_folder(grouped).items())]
    return [*listed, _raw_store(inputs, lake_uri)]


def _group_by_folder(grouped: Mapping[Dataset, list[Input]]) -> Mapping[Dataset, list[Input]]:
    """At most INPUT_LIMIT datasets: the inputs, or else their folders, or the folders of those, and so on."""
    while len(grouped) > INPUT_LIMIT:
        folders: dict[Dataset, list[Input]] = defaultdict(list)
        for (namespace, name), items in grouped.items():
            folders[namespace, str(PurePosixPath(name.partition("?")[0]).parent)].extend(items)
        if len(folders) == len(grouped):
            return folders  # as many hosts as that: nothing left to fold
        grouped = folders
    return grouped


def _statistics(items: Sequence[Input]) -> dict[str, facets.InputDatasetFacet]:
    counted = facets.input_statistics_input_dataset.InputStatisticsInputDatasetFacet(
        size=sum(item.bytes for item in items), fileCount=len(items)
    )
    return {"inputStatistics": counted}


def _input(dataset: Dataset, items: Sequence[Input]) -> InputDataset:
    namespace, name = dataset
    made: dict[str, facets.DatasetFacet] = {"dataSource": _data_source(namespace)}
    if len(items) == 1:
        made["version"] = facets.dataset_version_dataset.DatasetVersionDatasetFacet(items[0].dump_sha256)
    return InputDataset(namespace=namespace, name=name, facets=made, inputFacets=_statistics(items))


def _raw_store(inputs: Sequence[Input], lake_uri: str) -> InputDataset:
    namespace, name = _below(lake_uri, RAW_STORE)
    described = facets.schema_dataset.SchemaDatasetFacet(
        fields=[
            facets.schema_dataset.SchemaDatasetFacetFields(
                name=field,
                type="bytes",
                description=DUMP_FIELDS.get(field, f"spans of kind `{field}`"),
                ordinal_position=position,
            )
            for position, field in enumerate(list_dump_fields(), start=1)
        ]
    )
    made: dict[str, facets.DatasetFacet] = {
        "schema": described,
        "dataSource": _data_source(namespace),
        "documentation": facets.documentation_dataset.DocumentationDatasetFacet(
            description="The dumps that came in, byte for byte, each named by its SHA-256.", contentType="text/plain"
        ),
    }
    return InputDataset(namespace=namespace, name=name, facets=made, inputFacets=_statistics(inputs))


def _data_source(namespace: str) -> facets.DatasetFacet:
    uri = "file:///" if namespace == "file" else namespace
    return facets.datasource_dataset.DatasourceDatasetFacet(name=namespace, uri=uri)


# Outputs


def _outputs(run: Run, lake_uri: str) -> list[OutputDataset]:
    """The tables that the run wrote or, where it was refused, judged; in the order of publication.

    The ledger's own files (`blocks`, `runs` …) are bookkeeping and no datasets.
    """
    written = {table: [output for output in run.outputs if output.table == table] for table in PUBLISHED}
    judged = {table: [verdict for verdict in run.verdicts if verdict.table == table] for table in PUBLISHED}
    return [
        _output(table, written[table], judged[table], lake_uri)
        for table in PUBLISHED
        if written[table] or judged[table]
    ]


def _output(table: str, files: Sequence[Output], verdicts: Sequence[Verdict], lake_uri: str) -> OutputDataset:
    namespace, name = _below(lake_uri, table)
    made: dict[str, facets.DatasetFacet] = {
        "schema": _schema(table),
        "dataSource": _data_source(namespace),
        "documentation": facets.documentation_dataset.DocumentationDatasetFacet(
            description=(PUBLISHED[table].metadata or {})[b"description"].decode(), contentType="text/markdown"
        ),
        # The facet names table formats only; ours are plain files.
        "storage": facets.storage_dataset.StorageDatasetFacet(storageLayer="files", fileFormat="parquet"),
    }
    counted: dict[str, facets.OutputDatasetFacet] = {}
    if files:
        made["columnLineage"] = _column_lineage(table, _below(lake_uri, RAW_STORE))
        changes = facets.lifecycle_state_change_dataset
        made["lifecycleStateChange"] = changes.LifecycleStateChangeDatasetFacet(changes.LifecycleStateChange.OVERWRITE)
        counted["outputStatistics"] = facets.output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
            rowCount=sum(file.rows for file in files),
            size=sum(file.bytes for file in files),
            fileCount=sum(1 for file in files if file.bytes),  # the others are files that the run removed
        )
        if table in TABLES:
            counted["subset"] = facets.base_subset_dataset.OutputSubsetOutputDatasetFacet(_partitions(files))
    if verdicts:
        made["dataQualityMetrics"] = facets.data_quality_metrics_dataset.DataQualityMetricsDatasetFacet(
            rowCount=max(verdict.rows for verdict in verdicts), columnMetrics={}
        )
    dataset = OutputDataset(namespace=namespace, name=name, facets=made, outputFacets=counted)
    if verdicts and dataset.facets is not None:
        # The client types this as a facet of inputs, where tools put it that test a table which somebody else wrote.
        dataset.facets["dataQualityAssertions"] = _assertions(verdicts)  # type: ignore[assignment]
    return dataset


def _partitions(files: Sequence[Output]) -> facets.base_subset_dataset.PartitionSubsetCondition:
    of = facets.base_subset_dataset
    return of.PartitionSubsetCondition(
        partitions=[
            of.Partition(identifier=partition, dimensions=dict(_dimension(part) for part in partition.split("/")))
            for partition in sorted({file.partition for file in files})
        ]
    )


def _dimension(part: str) -> tuple[str, str | int]:
    key, _, value = part.partition("=")
    return key, int(value) if key == "year" else value


def _schema(table: str) -> facets.DatasetFacet:
    of = facets.schema_dataset
    return of.SchemaDatasetFacet(
        fields=[
            of.SchemaDatasetFacetFields(
                name=str(column["name"]),
                type=str(column["type"]),
                description=str(column["description"]),
                ordinal_position=position,
            )
            for position, column in enumerate(describe(PUBLISHED[table]), start=1)
        ]
    )


def _column_lineage(table: str, raw_store: Dataset) -> facets.DatasetFacet:
    of = facets.column_lineage_dataset
    return of.ColumnLineageDatasetFacet(
        fields={
            column: of.Fields(inputFields=_input_fields(steps, raw_store)) for column, steps in COLUMNS[table].items()
        },
        dataset=_input_fields(WHOLE_TABLE, raw_store),
    )


def _input_fields(steps: str, raw_store: Dataset) -> list[facets.column_lineage_dataset.InputField]:
    of = facets.column_lineage_dataset
    ways: dict[str, list[facets.column_lineage_dataset.Transformation]] = defaultdict(list)
    for field, how in parse_steps(steps):
        ways[field].append(of.Transformation(how.type, how.subtype, how.description, how.masking or None))
    namespace, name = raw_store
    return [of.InputField(namespace, name, field, transformations) for field, transformations in ways.items()]


def _actual(verdict: Verdict) -> dict[str, object]:
    return {"rows": verdict.rows, "failed": verdict.failed}


def _tests(verdicts: Sequence[Verdict]) -> facets.RunFacet:
    """Verdicts on no table of the lake, as those on a batch as a whole."""
    of = facets.test_run
    return of.TestRunFacet(
        tests=[
            of.TestExecution(
                name=verdict.rule_id,
                status="pass" if verdict.passed else "fail",
                severity=_SEVERITIES[verdict.severity],
                type=verdict.table,
                params=_actual(verdict),
            )
            for verdict in verdicts
        ]
    )


def _assertions(
    verdicts: Sequence[Verdict],
) -> facets.data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet:
    of = facets.data_quality_assertions_dataset
    return of.DataQualityAssertionsDatasetFacet(
        assertions=[
            of.Assertion(
                assertion=verdict.rule_id,
                success=verdict.passed,
                column=verdict.column,
                severity=_SEVERITIES[verdict.severity],
                expected="0 rows break it",
                actual=f"{verdict.failed} of {verdict.rows} rows break it",
                params=_actual(verdict),
            )
            for verdict in verdicts
        ]
    )
