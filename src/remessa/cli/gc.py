"""`remessa gc`: remove artifacts that no record names."""

from __future__ import annotations

from typing import Annotated

import typer

from remessa.cli._shared import messages, print_json
from remessa.journey.moments import now


def gc(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would be removed, and do nothing.")] = False,
    grace: Annotated[int, typer.Option(min=0, help="Minutes that an artifact is kept after it was superseded.")] = 60,
    as_json: Annotated[bool, typer.Option("--json", help="What was removed.")] = False,
) -> None:
    """Remove what dead or overtaken runs and older versions left in the results bucket.

    The sweep function does the same by itself, a part of the bucket every hour.
    """
    from remessa.journey.collect import discard, orphans
    from remessa.journey.objects import S3Objects
    from remessa.local.connection import connect

    connection = connect()
    s3, bucket, rows = connection.client("s3"), connection.outputs["ResultsBucket"], connection.rows()
    removed = 0
    for key in orphans(bucket, S3Objects(s3), connection.table(), now, grace=grace * 60_000):
        if not dry_run:
            discard(key, lambda key: s3.delete_object(Bucket=bucket, Key=key), rows)
        removed += 1
    if as_json:
        print_json({"bucket": bucket, "removed": removed, "dryRun": dry_run})
    else:
        messages().print(f"{removed} artifacts {'would be' if dry_run else 'were'} removed from {bucket}.")
