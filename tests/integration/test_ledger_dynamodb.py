"""The ledger on the real local DynamoDB: the same cases as in memory."""

import pytest
from support.ledger_cases import LedgerCases
from support.local_cloud import LocalCloud

from remessa.journey.table import DynamoTable


class TestLedgerOnDynamoDB(LedgerCases):
    """Every case of the ledger, each on a key of its own in the deployed table."""

    @pytest.fixture
    def table(self, cloud: LocalCloud) -> DynamoTable:
        """The stack's own table."""
        connection = cloud.connection
        return DynamoTable(connection.client("dynamodb"), connection.outputs["FilesTable"])
