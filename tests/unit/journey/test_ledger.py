"""The ledger on the in-memory table."""

import pytest
from support.ledger_cases import LedgerCases
from support.memory import MemoryTable


class TestLedgerInMemory(LedgerCases):
    """Every case of the ledger, with no cloud."""

    @pytest.fixture
    def table(self) -> MemoryTable:
        """An empty table."""
        return MemoryTable()
