"""Load: as many requests as 16 connections bring, by wrk, or by processes of our own where there is no wrk."""

import http.client
import json
import os
import shutil
import statistics
import subprocess
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count, cycle
from pathlib import Path

CONNECTIONS = 16
PROCESSES = 2
MARK_BYTES = 16
SCRIPT = Path(__file__).with_name("load.lua")


@dataclass(frozen=True, kw_only=True)
class Requests:
    """What is asked of a server. A body is a file, of which 16 bytes from `spare` differ in each request."""

    port: int
    method: str
    paths: Path
    key: str = ""
    body: Path | None = None
    content_type: str = ""
    spare: int = 0
    numbered: bool = False


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a run of load saw."""

    per_second: float
    p50_ms: float
    p99_ms: float
    errors: int


def has_wrk() -> bool:
    """Whether the better of the two is here."""
    return shutil.which("wrk") is not None


def run(requests: Requests, *, seconds: float) -> Found:
    """Ask for `seconds`."""
    return _by_wrk(requests, seconds=seconds) if has_wrk() else _by_python(requests, seconds=seconds)


def _by_wrk(requests: Requests, *, seconds: float) -> Found:
    env = {"LOAD_METHOD": requests.method, "LOAD_PATHS": str(requests.paths), "PATH": os.environ["PATH"]}
    if requests.key:
        env["LOAD_KEY"] = requests.key
    if requests.body:
        env |= {"LOAD_BODY": str(requests.body), "LOAD_TYPE": requests.content_type, "LOAD_SPARE": str(requests.spare)}
    if requests.numbered:
        env["LOAD_NUMBERED"] = "1"
    # A slow answer is a slow answer: wrk's own two seconds would count it as a failure.
    patience = ["--timeout", "30s"]
    command = [
        "wrk",
        *patience,
        "-t",
        str(PROCESSES),
        "-c",
        str(CONNECTIONS),
        "-d",
        f"{seconds:.0f}s",
        "-s",
        str(SCRIPT),
    ]
    address = f"http://127.0.0.1:{requests.port}"
    done = subprocess.run([*command, address], env=env, capture_output=True, text=True, check=True)
    said = json.loads(done.stdout.strip().splitlines()[-1])
    return Found(
        per_second=(said["requests"] - said["errors"]) / said["seconds"],
        p50_ms=said["p50_ms"],
        p99_ms=said["p99_ms"],
        errors=said["errors"],
    )


def _by_python(requests: Requests, *, seconds: float) -> Found:
    with ProcessPoolExecutor(PROCESSES) as processes:
        parts = [processes.submit(_threads, requests, number, seconds) for number in range(PROCESSES)]
        times = [taken for part in parts for taken in part.result()]
    good = sorted(taken for taken in times if taken >= 0)
    return Found(
        per_second=len(good) / seconds,
        p50_ms=statistics.median(good) * 1000,
        p99_ms=good[int(len(good) * 0.99)] * 1000,
        errors=len(times) - len(good),
    )


def _threads(requests: Requests, number: int, seconds: float) -> list[float]:
    each = CONNECTIONS // PROCESSES
    with ThreadPoolExecutor(each) as threads:
        parts = [threads.submit(_connection, requests, number * each + index, seconds) for index in range(each)]
        return [taken for part in parts for taken in part.result()]


def _connection(requests: Requests, number: int, seconds: float) -> list[float]:
    """The seconds each request took; -1 for one that was refused."""
    paths = cycle(requests.paths.read_text().split())
    body = requests.body.read_bytes() if requests.body else None
    headers = {"Authorization": f"Bearer {requests.key}"} if requests.key else {}
    if body:
        headers["Content-Type"] = requests.content_type
    connection = http.client.HTTPConnection("127.0.0.1", requests.port)
    times = []
    first = time.time_ns() % 10**11 * 100
    ends_at = time.monotonic() + seconds
    for sent in count(first):
        began = time.monotonic()
        if began >= ends_at:
            break
        mark = f"{number:02x}{sent:014d}"
        path = next(paths) + (mark if requests.numbered else "")
        marked = body and body[: requests.spare] + mark.encode() + body[requests.spare + MARK_BYTES :]
        connection.request(requests.method, path, body=marked, headers=headers)
        answer = connection.getresponse()
        answer.read()
        times.append(time.monotonic() - began if answer.status < http.client.BAD_REQUEST else -1)
    connection.close()
    return times
