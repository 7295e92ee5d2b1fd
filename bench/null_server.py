"""A DynamoDB that takes every batch and keeps nothing: what is left is the cost of the client.

    python -m bench.null_server [--delay SECONDS]

Prints its port, answers until its stdin ends. A process of its own, so that it shares no interpreter with the client.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import zlib

_BODY = b'{"UnprocessedItems":{}}'
_ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nx-amz-crc32: %d\r\nContent-Length: %d\r\n\r\n%s"
    % (zlib.crc32(_BODY), len(_BODY), _BODY)  # botocore checks the checksum
)


class Answering(asyncio.Protocol):
    """One connection: every complete request gets the same answer."""

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that has arrived whole."""
        self._received += data
        while (head := self._received.find(b"\r\n\r\n")) >= 0:
            headers = bytes(self._received[:head]).lower()
            length = int(headers.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
            if len(self._received) < head + 4 + length:
                return
            del self._received[: head + 4 + length]
            if self._delay:
                asyncio.get_running_loop().call_later(self._delay, self._answer)
            else:
                self._answer()

    def _answer(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(_ANSWER)  # type: ignore[attr-defined]  # it is a socket's


async def serve(delay: float) -> None:
    """Listen on a free port until stdin ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Answering(delay), "127.0.0.1", 0, backlog=128)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--delay", type=float, default=0.0, metavar="SECONDS")
    asyncio.run(serve(parser.parse_args().delay))
