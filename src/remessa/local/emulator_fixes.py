"""What the pinned emulator gets wrong and Remessa cannot live with, put right when the server starts.

Each fix replaces one function of MiniStack's, and tests/integration/test_local_security.py shows through AWS's own
calls that it works. Call `apply()` before `ministack.app` is imported: its modules import these functions by name.
"""

from __future__ import annotations

import functools
import re
import secrets
from types import ModuleType
from typing import Any

from remessa.local.home import ACCOUNT


def apply() -> None:
    """Put everything right, in this process, until it ends."""
    from ministack.core import iam_evaluator, lambda_runtime  # type: ignore[import-untyped]

    _match_line_breaks(iam_evaluator)
    _check_root_signatures(iam_evaluator)
    _refuse_anonymous_s3(iam_evaluator)
    _renew_function_credentials(lambda_runtime)

    from ministack.services import s3  # type: ignore[import-untyped]  # only now: it imports what is replaced above

    _refuse_unsigned_forms(s3)

    from ministack.services import dynamodb

    _read_key_conditions_once(dynamodb)


def _match_line_breaks(evaluator: ModuleType) -> None:
    r"""Let a policy's `*` and `?` match line breaks, which S3 keys may contain.

    Without it no role may read a key such as `a\nb.csv`. A `*` stands for any combination of characters:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
    """
    if evaluator.fnmatch_iam_cs("a\nb", "a*b") and not evaluator.fnmatch_iam_cs("a\n", "a"):
        return  # mended upstream
    original = evaluator._fnmatch_compile  # noqa: SLF001

    @functools.lru_cache(maxsize=4096)
    def compile_pattern(pattern: str, ignore_case: bool) -> re.Pattern[str]:  # noqa: FBT001 - as it is called
        compiled = original(pattern, ignore_case)
        # Its "$" also matches before a final line break: the key "a\n" would pass as "a".
        return re.compile(compiled.pattern.removesuffix("$") + r"\Z", compiled.flags | re.DOTALL)

    _replace(evaluator, "_fnmatch_compile", compile_pattern)


def _check_root_signatures(evaluator: ModuleType) -> None:
    """Check the root key's signatures as every other key's, against AWS_SECRET_ACCESS_KEY of the server.

    The emulator takes an empty key, "test" and any account's number for root and never looks at their signatures,
    so that any web page could sign a request. Only requests without credentials still count as root: the emulator
    itself refuses them, except for what AWS serves unsigned (a sign-in with Cognito, for example) and S3 (see below).
    """

    def is_root_access_key(access_key_id: str) -> bool:
        anonymous: bool = evaluator._anonymous.get()  # noqa: SLF001
        return access_key_id == ACCOUNT or (not access_key_id and anonymous)

    def skips_the_signature_check(access_key_id: str) -> bool:  # noqa: ARG001 - as it is called
        return False

    _replace(evaluator, "is_root_access_key", is_root_access_key)
    _replace(evaluator, "_is_root_key", skips_the_signature_check)


def _refuse_anonymous_s3(evaluator: ModuleType) -> None:
    """Refuse requests to S3 without credentials, which the emulator would serve as root's.

    Except for an upload by an HTML form, a POST to the bucket: its credentials are fields of the form.
    https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-post-example.html
    """
    original = evaluator.enforce

    @functools.wraps(original)
    def enforce(
        access_key_id: str, iam_action: str, service: str, region: str, resource_arn: str = "*", **options: Any
    ) -> Any:
        is_form = iam_action == "s3:PutObject" and "/" not in resource_arn  # nothing else puts without naming a key
        if service == "s3" and not access_key_id and not is_form:
            return evaluator.AuthError("AccessDenied", "Access Denied")
        return original(access_key_id, iam_action, service, region, resource_arn, **options)

    _replace(evaluator, "enforce", enforce)


def _refuse_unsigned_forms(s3: ModuleType) -> None:
    """Refuse an upload by a form that carries no signature; the emulator checks only those that carry one."""

    def refuse(*_: object) -> Any:
        return s3._error("AccessDenied", "Access Denied", 403)  # noqa: SLF001

    _replace(s3, "_enforce_post_policy_size", refuse)  # called for unsigned forms alone


def _renew_function_credentials(runtime: ModuleType) -> None:
    """Give functions other credentials at every start of the server.

    The emulator derives them from the names of function and role alone: who knows the names could sign, and a worker
    that outlived a killed server could write into the state of the next one, whose epochs may have gone back.
    """
    original = runtime.execution_credentials
    salt = secrets.token_hex(16)

    @functools.wraps(original)
    def execution_credentials(config: dict[str, Any]) -> dict[str, str]:
        # Only the last part of the role's ARN, its name, counts for rights; all of it counts for the key.
        prefix, slash, name = config.get("Role", "").rpartition("/")
        credentials: dict[str, str] = original({**config, "Role": f"{prefix}/{salt}{slash or '/'}{name}"})
        return credentials

    _replace(runtime, "execution_credentials", execution_credentials)


def _replace(module: ModuleType, name: str, function: Any) -> None:
    if not hasattr(module, name):
        raise AttributeError(f"{module.__name__} has no {name}: another version of MiniStack needs other fixes")
    setattr(module, name, function)


_KEY_CONDITION = re.compile(r"#(\w+) = :(\w+)(?: AND #(\w+) BETWEEN :(\w+) AND :(\w+))?")


def _read_key_conditions_once(dynamodb: ModuleType) -> None:
    """Compare keys, where the emulator parses the condition again for every item of a partition.

    That takes fifty microseconds an item: minutes for a file of a million invoices. Only the two conditions that
    Remessa itself sends are read here.
    """
    original = dynamodb._evaluate_condition  # noqa: SLF001

    def evaluate(
        condition: str, item: dict[str, Any], values: dict[str, Any], names: dict[str, str], **options: Any
    ) -> bool:
        parsed = _KEY_CONDITION.fullmatch(condition) if options.get("slot") == "KeyConditionExpression" else None
        if parsed is None:
            return bool(original(condition, item, values, names, **options))
        partition, wanted, sort, low, high = parsed.groups()
        if item.get(names[f"#{partition}"]) != values[f":{wanted}"]:
            return False
        return sort is None or _is_between(item.get(names[f"#{sort}"]), values[f":{low}"], values[f":{high}"])

    _replace(dynamodb, "_evaluate_condition", evaluate)


def _is_between(value: dict[str, str] | None, low: dict[str, str], high: dict[str, str]) -> bool:
    """Numbers by their value, texts by their bytes: Python's order of texts is that of their code points."""
    if not value or value.keys() != low.keys():
        return False
    if "N" in value:
        return float(low["N"]) <= float(value["N"]) <= float(high["N"])
    return low["S"] <= value["S"] <= high["S"]
