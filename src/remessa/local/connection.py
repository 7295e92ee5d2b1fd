"""How every verb reaches a cloud: the local one, or AWS itself."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from remessa.errors import EnvironmentDown
from remessa.local import supervisor
from remessa.local.home import ACCOUNT, REGION, CloudInfo, Home, find_home

if TYPE_CHECKING:
    from boto3 import Session

    from remessa.journey.ports import RowStore
    from remessa.journey.table import DynamoTable
    from remessa.journey.views import Records

STACK = "remessa"


@dataclass(frozen=True, slots=True)
class PipelineResources:
    """Names that the stack gave one pipeline's resources."""

    bucket: str
    queue: str
    dead_letters: str


@dataclass(frozen=True)
class Connection:
    """A reachable cloud with Remessa's stack in it."""

    endpoint: str | None
    """None leaves the choice to the AWS SDK, as it does every field below that is None."""
    access_key: str | None
    secret_key: str | None
    region: str | None
    stack: str = STACK

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client; `options` go into its botocore Config (`max_pool_connections` and so on)."""
        from botocore.config import Config

        defaults: dict[str, Any] = {"retries": {"mode": "standard", "max_attempts": 4}, "connect_timeout": 5}
        if self.endpoint is not None:
            defaults |= {"s3": {"addressing_style": "path"}, "proxies": {}}
        return self._session().client(  # type: ignore[call-overload]
            service, endpoint_url=self.endpoint, config=Config(**defaults | options)
        )

    def _session(self) -> Session:
        import boto3
        import botocore.session

        if self.endpoint is None:
            return boto3.Session()
        # The user's profile, config file and proxy are about other clouds: none of them may bend a local request.
        nothing = {
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
        return boto3.Session(
            self.access_key,
            self.secret_key,
            region_name=self.region,
            botocore_session=botocore.session.Session(session_vars=nothing),
        )

    @cached_property
    def _description(self) -> dict[str, Any]:
        stack = describe_stack(self)
        if stack is None:
            raise EnvironmentDown(f"There is no stack {self.stack!r} in this cloud. Run `remessa up` to deploy it.")
        return stack

    @cached_property
    def outputs(self) -> Mapping[str, str]:
        """The stack's outputs: names of buckets, tables and queues. Raises EnvironmentDown without a stack."""
        return {output["OutputKey"]: output["OutputValue"] for output in self._description.get("Outputs", [])}

    @cached_property
    def parameters(self) -> Mapping[str, str]:
        """The values the stack was deployed with. Raises EnvironmentDown without a stack."""
        return {item["ParameterKey"]: item["ParameterValue"] for item in self._description.get("Parameters", [])}

    def pipeline(self, name: str) -> PipelineResources:
        """Where a pipeline's files, events and failed events are.

        Raises EnvironmentDown without a stack, and for a pipeline that came after the stack was deployed.
        """
        prefix = name.capitalize()
        try:
            return PipelineResources(*(self.outputs[f"{prefix}{kind}"] for kind in ("Bucket", "Queue", "DeadLetters")))
        except KeyError as missing:
            raise EnvironmentDown(
                f"The stack {self.stack!r} has no pipeline {name!r} (no output {missing}): it is older than this "
                "command. Run `remessa up` to bring the local cloud up to date; on AWS, deploy the template again."
            ) from missing

    @property
    def shards(self) -> int:
        """Partitions per pipeline in the table's indexes."""
        return int(self.parameters["IndexShards"])

    def table(self) -> DynamoTable:
        """The Files table. Raises EnvironmentDown without a stack."""
        from remessa.journey.table import DynamoTable

        return DynamoTable(self.client("dynamodb"), self.outputs["FilesTable"])

    def rows(self) -> RowStore | None:
        """The store of rows; None in a stack from before there were any. Raises EnvironmentDown without a stack."""
        from remessa.journey.invoices.store import invoice_store

        if "InvoicesTable" not in self.outputs:
            return None
        client = self.client("dynamodb")
        return invoice_store(self._session(), client, self.outputs["InvoicesTable"], self.table(), self.shards)

    def records(self) -> Records:
        """The files' records, for reading. Raises EnvironmentDown without a stack."""
        from remessa.journey.views import Records

        return Records(self.table(), shards=self.shards)


def local_connection(home: Home, info: CloudInfo) -> Connection:
    """The connection to the running cloud of `home`, with its root credentials."""
    return Connection(info.endpoint, ACCOUNT, home.read_secret(), REGION)


def connect(home: Home | None = None, environ: Mapping[str, str] | None = None) -> Connection:
    """The running local cloud, or with `REMESSA_TARGET=aws` whatever the AWS SDK's own environment says.

    The latter serves AWS and, with `AWS_ENDPOINT_URL`, any compatible cloud; `REMESSA_STACK` names the stack.
    Raises EnvironmentDown when no local cloud runs.
    """
    environ = os.environ if environ is None else environ
    if environ.get("REMESSA_TARGET") == "aws":
        return Connection(None, None, None, None, environ.get("REMESSA_STACK", STACK))
    home = home or find_home(environ)
    info = supervisor.running(home)
    if info is None:
        raise EnvironmentDown(f"No local cloud is running for {home.root}. Start it with `remessa up`.")
    return local_connection(home, info)


def describe_stack(connection: Connection) -> dict[str, Any] | None:
    """The stack as CloudFormation describes it, or None if there is none."""
    from botocore.exceptions import ClientError

    try:
        stacks = connection.client("cloudformation").describe_stacks(StackName=connection.stack)["Stacks"]
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:  # its code is only "ValidationError"
            return None
        raise
    return stacks[0] if stacks else None
