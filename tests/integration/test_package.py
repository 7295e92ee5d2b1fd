"""The real package of each function, as AWS gets it: built from the lock, run in a Python that has nothing else."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.office import Office

from remessa.journey.record import file_id

ROOT = Path(__file__).parents[2]
LIMITS = {
    "FilesFunction": 20_000_000,
    "ImagesFunction": 75_000_000,
    "InvoicesFunction": 20_000_000,
    "SweepFunction": 18_000_000,
}
"""Bytes, unzipped: a package that outgrows this has swallowed something it should not ship."""

RUN = """
import json, sys
sys.path[:0] = [sys.argv[1]]
from remessa.functions.arrivals import handler

class Context:
    aws_request_id = "packaged"
    function_name = "packaged"
    def get_remaining_time_in_millis(self):
        return 60_000

assert handler(json.load(sys.stdin), Context()) == {"batchItemFailures": []}
elsewhere = {
    module.__file__
    for name, module in sys.modules.items()
    if getattr(module, "__file__", None) and "site-packages" in module.__file__
}
assert not elsewhere, elsewhere
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every function's package, for this machine's own Python and processor."""
    folder = tmp_path_factory.mktemp("packages")
    return {function: build(function, folder) for function in LIMITS}


def build(function: str, folder: Path) -> Path:
    """Build a function's package as SAM CLI does, with `src/Makefile`."""
    target = folder / function
    target.mkdir()
    # `uv run` tells where it is; otherwise it is on the path, or where the Makefile puts it.
    uv = os.environ.get("UV") or shutil.which("uv") or str(ROOT / ".tools" / "bin" / "uv")
    variables = {
        "ARTIFACTS_DIR": str(target),
        "PYTHON_VERSION": f"{sys.version_info.major}.{sys.version_info.minor}",
        "PLATFORM": f"{platform.machine()}-manylinux_2_28",
    }
    environment = {**os.environ, "PATH": f"{Path(uv).parent}{os.pathsep}{os.environ['PATH']}"}
    command = ["make", "-C", str(ROOT / "src"), f"build-{function}"]
    command += [f"{name}={value}" for name, value in variables.items()]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return target


def test_every_function_of_the_template_can_be_built_and_imported(packages: dict[str, Path]) -> None:
    """Each one's handler is there, in a Python that has nothing but its package."""
    template = (ROOT / "template.yaml").read_text(encoding="utf-8")
    functions = re.findall(r"^  (\w+):\n    Type: AWS::Serverless::Function", template, re.MULTILINE)
    handlers = re.findall(r"^      Handler: ([\w.]+)$", template, re.MULTILINE)
    assert set(functions) == set(packages)
    for function, handler in zip(functions, handlers, strict=True):
        package = packages[function]
        module, name = handler.rsplit(".", 1)
        script = f"import sys; sys.path[:0] = [{str(package)!r}]; import {module}; assert callable({module}.{name})"
        done = subprocess.run([sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("function", "others"),
    [
        ("FilesFunction", {"pyvips", "PIL", "pi_heif"}),
        ("ImagesFunction", {"ijson", "puremagic"}),
        ("InvoicesFunction", {"pyvips", "PIL", "pi_heif"}),
        ("SweepFunction", {"ijson", "puremagic", "pyvips", "PIL", "pi_heif"}),
    ],
)
def test_it_ships_only_what_the_function_needs(packages: dict[str, Path], function: str, others: set[str]) -> None:
    """No command line, no local cloud, no tests, no other services' descriptions, no other pipeline's libraries."""
    package = packages[function]
    assert not (package / "remessa" / "cli").exists()
    assert not (package / "remessa" / "local").exists()
    services = {entry.name for entry in (package / "botocore" / "data").iterdir() if entry.is_dir()}
    assert services == {"s3", "dynamodb", "sqs"}
    unwanted = {"ministack", "typer", "rich", "awscli", "cryptography", "pytest", "mypy_boto3_s3"}
    assert not (unwanted | others) & {entry.name for entry in package.iterdir()}
    assert sum(path.stat().st_size for path in package.rglob("*") if path.is_file()) < LIMITS[function]


@pytest.mark.parametrize(
    ("function", "key", "body", "found"),
    [
        ("FilesFunction", "packaged.json", b'{"a": [1, 2]}', ("itemCount", 1)),
        ("FilesFunction", "packaged.csv", b"a;b\n1;2\n", ("rowCount", 1)),
        (
            "InvoicesFunction",
            "packaged-notas.csv",
            (ROOT / "samples" / "notas-utf8.csv").read_bytes(),
            ("rowCount", 24),
        ),
        ("ImagesFunction", "packaged.png", (ROOT / "samples" / "gradiente.png").read_bytes(), ("format", "png")),
    ],
)
def test_it_processes_a_file_by_itself(
    office: Office, packages: dict[str, Path], function: str, key: str, body: bytes, found: tuple[str, object]
) -> None:
    """An isolated Python without site-packages runs the handler on a real event, against the running cloud."""
    bucket = "packaged"  # wired to nothing, so that nobody else processes the file
    office.s3.create_bucket(Bucket=bucket)
    office.s3.put_object(Bucket=bucket, Key=key, Body=body)
    deployed = office.connection.client("lambda").get_function(FunctionName=office.connection.outputs[function])
    environment = {
        **deployed["Configuration"]["Environment"]["Variables"],
        "AWS_ENDPOINT_URL": str(office.connection.endpoint),
        "AWS_ACCESS_KEY_ID": str(office.connection.access_key),
        "AWS_SECRET_ACCESS_KEY": str(office.connection.secret_key),
        "AWS_DEFAULT_REGION": str(office.connection.region),
    }
    entity = {"bucket": {"name": bucket}, "object": {"key": key, "sequencer": "FF"}}
    event = {"Records": [{"eventSource": "aws:s3", "eventTime": "2026-11-20T16:20:52.115Z", "s3": entity}]}
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", RUN, str(packages[function])],
        env=environment,
        input=json.dumps(event),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    item = office.table.get(file_id(bucket, key))
    assert item is not None
    assert (item["status"], item["metadata"][found[0]]) == ("SUCCEEDED", found[1])
