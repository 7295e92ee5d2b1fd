"""Who sends rows, and to whom: signatures and certificates."""

from __future__ import annotations

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.credentials import Credentials, ReadOnlyCredentials
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from support.batch_table import KEY, TABLE, BatchTable, refusing, serving

from remessa.journey.row_requests import put_request
from remessa.journey.row_sender import Destination, RowsDelayed
from remessa.journey.rows_writer import RowsWriter

CREDENTIALS = Credentials("AKIDONE", "secret")


@pytest.fixture
def table() -> BatchTable:
    """An empty table."""
    return BatchTable()


def _write(writer: RowsWriter, count: int) -> None:
    for number in range(count):
        writer.add(number, put_request({KEY: f"INV#{number}"}))


class Rotating(Credentials):
    """Credentials that change with every use."""

    used = 0

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """The next ones."""
        self.used += 1
        return ReadOnlyCredentials(f"AKID{self.used}", "secret", f"token-{self.used}")


def test_credentials_may_change_any_time(table: BatchTable) -> None:
    """Every attempt is signed with what is valid then, its session token included."""
    table.faults = [refusing(500, "InternalServerError")]
    with serving(table) as endpoint:
        renewed = Destination(TABLE, endpoint, "sa-east-1", Rotating("", ""))
        with RowsWriter(renewed, connections=1) as writer:
            _write(writer, 30)
    assert [headers["X-Amz-Security-Token"] for headers in table.headers] == ["token-1", "token-2", "token-3"]
    scopes = [headers["Authorization"].split("Credential=")[1].split("/") for headers in table.headers]
    assert [(scope[0], scope[2:4]) for scope in scopes] == [
        (f"AKID{attempt}", ["sa-east-1", "dynamodb"]) for attempt in (1, 2, 3)
    ]


def _certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for 127.0.0.1 that vouches for itself, and a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(certificate.public_bytes(pem) + private)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    return path, context


def test_the_server_is_checked(table: BatchTable, tmp_path: Path) -> None:
    """Over TLS rows go to whom the bundle trusts, and to nobody else."""
    bundle, context = _certificate(tmp_path)
    with serving(table, context) as endpoint:
        with RowsWriter(Destination(TABLE, endpoint, "us-east-1", CREDENTIALS, str(bundle))) as writer:
            _write(writer, 60)
        assert len(table.items) == 60
        stranger = Destination(TABLE, endpoint, "us-east-1", CREDENTIALS)
        with pytest.raises(RowsDelayed, match="CERTIFICATE_VERIFY_FAILED"), RowsWriter(stranger, patience=0) as writer:
            _write(writer, 1)
    assert len(table.batches) == 3
