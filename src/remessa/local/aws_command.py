"""The AWS CLI that came with Remessa, and the wrapper by which a shell reaches the local cloud with it."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from remessa.local.home import Home, replace_private

# The AWS CLI v1 gives some services (SQS, RDS, Health) an endpoint of its own, which beats AWS_ENDPOINT_URL, unless it
# is called with --endpoint-url: awscli/customizations/overridesslcommonname.py. Their calls would go to the real AWS.
_WRAPPER = """#!/bin/sh
# Written by `remessa env`: the AWS CLI, with every service at the endpoint that AWS_ENDPOINT_URL names.
for argument; do
  case $argument in --endpoint-url | --endpoint-url=*) exec {aws} "$@" ;; esac
done
exec {aws} ${{AWS_ENDPOINT_URL:+--endpoint-url "$AWS_ENDPOINT_URL"}} "$@"
"""


def aws_command() -> Path:
    """The AWS CLI beside our Python; not one that happens to be on the PATH."""
    return Path(sys.executable).parent / "aws"


def write_wrapper(home: Home) -> Path:
    """Write the wrapper, called `aws`, and return the folder to put first on the PATH."""
    folder = home.root / "bin"
    folder.mkdir(mode=0o700, exist_ok=True)
    wrapper = folder / "aws"
    replace_private(wrapper, _WRAPPER.format(aws=shlex.quote(str(aws_command()))), mode=0o700)
    return folder
