"""Which errors of the AWS SDK become which exit code."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, ReadTimeoutError

from remessa.cli._shared import cloud_error

DENIED = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetObject")


@pytest.mark.parametrize(("error", "code"), [
    (EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), 3),
    (ReadTimeoutError(endpoint_url="http://127.0.0.1:1"), 3),
    (DENIED, 1),
    (NoCredentialsError(), 1),
])  # fmt: skip
def test_a_cloud_that_is_gone_is_not_a_cloud_that_refuses(error: Exception, code: int) -> None:
    """No answer is exit code 3, an answer that says no is 1, and both name the next command."""
    known = cloud_error(error)
    assert known is not None
    assert known.exit_code == code
    assert "`remessa " in str(known)


def test_our_own_faults_are_not_dressed_up() -> None:
    """An error that is none of the SDK's keeps its traceback."""
    assert cloud_error(KeyError("bucket")) is None
