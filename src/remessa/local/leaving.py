"""Ending the server's process when everything is saved."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from typing import NoReturn

import psutil


def leave(code: int) -> NoReturn:
    """End this process and its workers at once.

    A function in mid-run, or a thread of the emulator's that waits for one, would hold up the exit for as long as it
    likes. Everything is saved by now, and messages in flight come back after the restart.
    """
    sys.addaudithook(_refuse_new_workers)
    _stop_workers()
    logging.shutdown()
    os._exit(code)


def _refuse_new_workers(event: str, _: tuple[object, ...]) -> None:
    # https://docs.python.org/3/library/audit_events.html
    if event == "subprocess.Popen":
        raise RuntimeError("the local cloud is stopping")


def _stop_workers() -> None:
    workers = psutil.Process().children(recursive=True)
    for worker in workers:
        with suppress(psutil.NoSuchProcess):
            worker.terminate()
    _, stubborn = psutil.wait_procs(workers, timeout=2)
    for worker in stubborn:
        with suppress(psutil.NoSuchProcess):
            worker.kill()
