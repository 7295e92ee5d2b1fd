"""The same road as other programs see it: the AWS CLI, logs, metrics, direct events and dead letters."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support.events import event
from support.local_cloud import LocalCloud, wait_for
from support.office import Office


def test_walk_with_the_plain_aws_cli(cloud: LocalCloud, tmp_path: Path) -> None:
    """README's walk: `eval`, `s3 cp`, and within seconds `dynamodb scan` and `logs` show the file."""
    (tmp_path / "walk.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    script = """
        set -eu
        eval "$(remessa env)"
        aws s3 cp walk.csv "s3://$FILES_BUCKET/" >&2
        for _ in $(seq 100); do
          FOUND=$(aws dynamodb scan --table-name "$FILES_TABLE" --output json \
            --filter-expression '#n = :n AND #s = :s' \
            --expression-attribute-names '{"#n": "name", "#s": "status"}' \
            --expression-attribute-values '{":n": {"S": "walk.csv"}, ":s": {"S": "SUCCEEDED"}}' --query 'Items')
          [ "$FOUND" != "[]" ] && break
          sleep 0.2
        done
        LINES=$(aws logs filter-log-events --log-group-name "$FILES_LOG_GROUP" --query 'events[].message' --output json)
        printf '{"items": %s, "lines": %s}' "$FOUND" "$LINES"
    """
    done = subprocess.run(
        ["sh", "-c", script], env=cloud.env, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    [item] = answer["items"]
    assert item["size"] == {"N": "8"}
    assert item["metadata"]["M"]["lineCount"] == {"N": "2"}
    assert item["uploadedAt"]["S"].startswith("20")
    assert any(item["FileId"]["S"] in line for line in answer["lines"])


def test_log_of_one_file(office: Office) -> None:
    """One JSON line with id, outcome and duration; never the key or the content."""
    record = office.process("segredo-da-maria.csv", b"cpf\n52998224725\n")
    identity = record["FileId"]
    wait_for(lambda: bool(json.loads(office.cloud.remessa("logs", identity, "--json").stdout)))
    [line] = json.loads(office.cloud.remessa("logs", identity, "--json").stdout)
    assert (line["outcome"], line["attempt"], line["service"]) == ("succeeded", 1, "files")
    assert line["ms"] >= 0
    everything = office.cloud.remessa("logs", "--json").stdout
    assert "segredo-da-maria" not in everything
    assert "52998224725" not in everything


def test_metrics_are_written(office: Office) -> None:
    """The function counts what it does, as EMF lines that CloudWatch turns into metrics."""
    office.process("counted.csv", b"a,b\n1,2\n")
    wait_for(
        lambda: any("FilesSucceeded" in entry for entry in json.loads(office.cloud.remessa("logs", "--json").stdout))
    )
    lines = json.loads(office.cloud.remessa("logs", "--json").stdout)
    metrics = [line for line in lines if "FilesSucceeded" in line]
    assert metrics[-1]["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Remessa"


@pytest.mark.parametrize("name", ["s3-put", "eventbridge-created"])
def test_direct_invocation(office: Office, name: str) -> None:
    """The function also takes S3's own event and EventBridge's, without a queue between."""
    direct = event(name)
    key = f"direct/{name} é.csv"
    office.process(key, b"a,b\n1,2\n")
    if name == "s3-put":
        entity = direct["Records"][0]["s3"]
        entity["object"]["key"] = f"direct/{name}+%C3%A9.csv"
    else:
        entity = direct["detail"]
        entity["object"]["key"] = key
    entity["bucket"]["name"] = office.bucket
    entity["object"]["sequencer"] = "FF"
    item = office.table.get(office.ended(key)["FileId"])
    assert item is not None
    answer = office.connection.client("lambda").invoke(
        FunctionName=office.connection.outputs["FilesFunction"], Payload=json.dumps(direct)
    )
    assert json.loads(answer["Payload"].read()) == {"batchItemFailures": []}
    after = office.table.get(item["FileId"])
    assert after is not None
    assert (after["Epoch"], after["status"]) == (item["Epoch"] + 1, "SUCCEEDED")


def test_message_that_is_no_event_ends_in_the_dead_letters(office: Office) -> None:
    """Nothing is swallowed: what nobody understands waits where an operator looks."""
    sqs = office.connection.client("sqs")
    dead = office.connection.outputs["FilesDeadLetters"]
    sqs.send_message(QueueUrl=office.connection.outputs["FilesQueue"], MessageBody="this is no event")

    def arrived() -> bool:
        answer = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["ApproximateNumberOfMessages"])
        return int(answer["Attributes"]["ApproximateNumberOfMessages"]) > 0

    wait_for(arrived, 60)
    messages = sqs.receive_message(QueueUrl=dead, MaxNumberOfMessages=10)["Messages"]
    [message] = [message for message in messages if message["Body"] == "this is no event"]
    sqs.delete_message(QueueUrl=dead, ReceiptHandle=message["ReceiptHandle"])
