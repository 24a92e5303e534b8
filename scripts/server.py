"""Start a Streamlit script for as long as a test or a measurement needs it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryFile

ROOT = Path(__file__).parent.parent
START_SECONDS = 90


def free_port() -> int:
    """A port on this computer that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(script: Path, *, variables: Mapping[str, str] | None = None) -> Iterator[str]:
    """The address of a server that runs ``script`` with the project's own configuration; it ends with the block.

    ``variables`` are added to its environment. RuntimeError with what the server said when it does not start.
    """
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port), "--server.headless", "true"]
    with TemporaryFile() as said:
        server = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **(variables or {})}, stdout=said, stderr=subprocess.STDOUT)
        try:
            if not _healthy(server, f"http://127.0.0.1:{port}/_stcore/health"):
                said.seek(0)
                raise RuntimeError(f"{script.name} did not start:\n{said.read().decode(errors='replace')}")
            yield f"http://127.0.0.1:{port}"
        finally:
            _end(server)


def _healthy(server: subprocess.Popen[bytes], address: str) -> bool:
    without_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with without_proxy.open(address, timeout=5):
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    return False


def _end(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(timeout=10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
