"""What the processes of the harness share: imported once, before the first of them is forked."""

import os
import tempfile

os.environ.setdefault("PREFECT_HOME", tempfile.mkdtemp(prefix="stenolake-harness-"))

from flows import environment

environment.quiet()

import datetime as dt  # noqa: E402

import great_expectations  # noqa: E402, F401

import flows.ingest  # noqa: E402, F401
import tests.harness  # noqa: E402, F401
from storage.schemas import TABLES  # noqa: E402
from tasks.validate import judge  # noqa: E402

# the context and the suites of Great Expectations: a second in each process that would have to make them itself
judge({name: schema.empty_table() for name, schema in TABLES.items()}, dt.date(2021, 1, 1))
