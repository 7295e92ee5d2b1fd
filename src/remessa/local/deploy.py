"""Deploying the template to the local cloud, with the AWS CLI's own `cloudformation package` and `deploy`."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from remessa.errors import DeployFailed, UsageError
from remessa.local import supervisor
from remessa.local.aws_command import aws_command
from remessa.local.connection import STACK, Connection, describe_stack, local_connection
from remessa.local.home import ACCOUNT, REGION, CloudInfo, Home, locked
from remessa.local.setaside import Report, clear_the_way, put_back

# What differs from AWS: no TLS on 127.0.0.1, and few workers on one machine.
PARAMETERS = {"RequireTls": "false", "Capacity": "small"}
DEPLOY_BUCKET = f"remessa-deploy-{ACCOUNT}-{REGION}"
DIGEST_TAG = "remessa:digest"

_DEPLOYED = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}
_NOT_SHIPPED = {"cli", "local"}
_DEPLOY_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Deployment:
    """How a deploy went."""

    connection: Connection
    changed: bool
    """False when the stack was already what the template and the source say."""


def deploy(home: Home, info: CloudInfo, template: Path, report: Report) -> Deployment:
    """Make the running cloud equal to `template` and the source beside it, and save its state.

    Returns at once when nothing has changed since the last deploy. Raises DeployFailed with CloudFormation's reason.
    """
    connection = local_connection(home, info)
    digest = source_digest(template)
    with locked(home.deploy_lock, wait=True):
        stack = describe_stack(connection)
        changed = not _is_current(stack, digest)
        if changed:
            if stack is None or stack["StackStatus"] not in _DEPLOYED:
                _remove_broken(connection, stack)
                clear_the_way(connection, report)
            report("deploying")
            _ship(home, connection, template, digest)
            supervisor.snapshot(info)
        # Also when nothing changed: an earlier run may have been cut off after its deploy.
        if put_back(connection, report):
            supervisor.snapshot(info)
    return Deployment(connection, changed)


def source_files(template: Path) -> Iterator[tuple[str, Path]]:
    """What a deploy ships, as sorted (name, path): the template, and `src/` without CLI, local cloud and caches."""
    source = template.parent / "src"
    if not source.is_dir():
        raise UsageError(f"There is no src/ beside {template}. Point REMESSA_TEMPLATE at Remessa's own template.yaml.")
    yield "template.yaml", template
    for path in sorted(source.rglob("*")):
        parts = path.relative_to(source).parts
        skipped = "__pycache__" in parts or (len(parts) > 1 and parts[0] == "remessa" and parts[1] in _NOT_SHIPPED)
        if path.is_file() and not skipped:
            yield f"src/{'/'.join(parts)}", path


def source_digest(template: Path) -> str:
    """SHA-256 (hex) over everything that decides what a deploy makes."""
    digest = hashlib.sha256()
    for name, path in source_files(template):
        content = path.read_bytes()
        digest.update(f"{len(name)}:{name}:{len(content)}:".encode())
        digest.update(content)
    digest.update(repr((sorted(PARAMETERS.items()), importlib.metadata.version("ministack"))).encode())
    return digest.hexdigest()


def _is_current(stack: Mapping[str, Any] | None, digest: str) -> bool:
    return (
        stack is not None
        and stack["StackStatus"] in _DEPLOYED - {"UPDATE_ROLLBACK_COMPLETE"}
        and {"Key": DIGEST_TAG, "Value": digest} in stack.get("Tags", [])
    )


def _remove_broken(connection: Connection, stack: Mapping[str, Any] | None) -> None:
    # A stack whose first deploy failed, or was cut off by a stop, cannot be updated any more, as on AWS.
    if stack is None:
        return
    client = connection.client("cloudformation")
    client.delete_stack(StackName=connection.stack)
    client.get_waiter("stack_delete_complete").wait(
        StackName=connection.stack, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )


def _ship(home: Home, connection: Connection, template: Path, digest: str) -> None:
    client = connection.client("s3")
    if DEPLOY_BUCKET not in {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}:
        client.create_bucket(Bucket=DEPLOY_BUCKET)
    with tempfile.TemporaryDirectory(dir=home.scratch, prefix="deploy-") as folder:
        stage = Path(folder)
        for name, path in source_files(template):
            (stage / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, stage / name)
        packaged = stage / "packaged.yaml"
        package = ["package", "--template-file", str(stage / "template.yaml"), "--s3-bucket", DEPLOY_BUCKET]
        _aws(home, connection, [*package, "--output-template-file", str(packaged)])
        parameters = [f"{name}={value}" for name, value in PARAMETERS.items()]
        # fmt: off
        _aws(home, connection, [
            "deploy", "--template-file", str(packaged), "--stack-name", STACK, "--no-fail-on-empty-changeset",
            "--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND",
            "--parameter-overrides", *parameters, "--tags", f"{DIGEST_TAG}={digest}",
        ])
        # fmt: on


def _aws(home: Home, connection: Connection, arguments: list[str]) -> None:
    # From scratch: the user's profile, proxy, certificates and endpoints are about other clouds.
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home.scratch),
        "LANG": "C.UTF-8",
        "NO_PROXY": "*",
        "AWS_PAGER": "",
        "AWS_ENDPOINT_URL": connection.endpoint or "",
        "AWS_ACCESS_KEY_ID": connection.access_key or "",
        "AWS_SECRET_ACCESS_KEY": connection.secret_key or "",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    command = [str(aws_command()), "cloudformation", *arguments]
    try:
        subprocess.run(  # noqa: S603 - our own arguments, no shell
            command, env=environment, check=True, capture_output=True, text=True, timeout=_DEPLOY_SECONDS
        )
    except FileNotFoundError as error:
        raise DeployFailed(
            f"The AWS CLI is missing ({command[0]}). Install it with `uv sync --extra local`."
        ) from error
    except subprocess.TimeoutExpired as error:
        raise DeployFailed(f"The deploy did not end within {_DEPLOY_SECONDS} s. Run `remessa up` again.") from error
    except subprocess.CalledProcessError as error:
        reason = _first_failure(connection) or _last_line(error.stderr)
        raise DeployFailed(
            f"The template could not be deployed: {reason} Correct it, then run `remessa up` again."
        ) from error


def _first_failure(connection: Connection) -> str | None:
    """What CloudFormation says of the first resource that failed in the last run, or None."""
    from botocore.exceptions import ClientError

    with suppress(ClientError):  # no stack, hence no events: the CLI's own words must do
        events = connection.client("cloudformation").describe_stack_events(StackName=connection.stack)["StackEvents"]
        reason = None
        for event in events:  # newest first
            if event["ResourceStatus"].endswith("_FAILED"):
                reason = f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}."
            elif event["ResourceType"] == "AWS::CloudFormation::Stack" and event["ResourceStatus"].endswith(
                ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")
            ):
                break
        return reason
    return None


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"
