"""The project's own files agree with each other, and hold nothing of the machine that they were made on."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = (ROOT / "requirements.lock").read_text()
LOCKED = dict(re.findall(r"^([a-z0-9-]+)==([^\s;]+)", LOCK, re.MULTILINE))
ASKED = [Requirement(line) for line in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]]


@pytest.mark.parametrize("requirement", ASKED, ids=str)
def test_locked_version_is_one_that_the_project_asks_for(requirement):
    assert LOCKED[canonicalize_name(requirement.name)] in requirement.specifier


def test_every_locked_package_has_a_hash():
    entries = re.split(r"^(?=[a-z0-9])", LOCK, flags=re.MULTILINE)
    assert [entry.split()[0] for entry in entries if entry.strip() and "--hash=sha256:" not in entry] == []


def test_lock_names_no_host_and_no_folder():
    assert re.findall(r"^.*(?:://|--index|--find-links|@ |\s/).*$", LOCK, re.MULTILINE) == []


def test_installed_packages_are_the_locked_ones():
    names = ["prefect", "fastapi", "sqlalchemy", "great-expectations", "pyarrow", "pandas", "duckdb", "zstandard"]
    assert {name: version(name) for name in names} == {name: LOCKED[name] for name in names}


def test_deployments_name_flows_that_are_there():
    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text())
    assert deployments["prefect-version"] == LOCKED["prefect"]
    for deployment in deployments["deployments"]:
        path, function = deployment["entrypoint"].split(":")
        assert re.search(rf"^def {function}\(", (ROOT / path).read_text(), re.MULTILINE), deployment["entrypoint"]
