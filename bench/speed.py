"""Uploads and downloads a second with a key, beside nginx serving the same files in the same run.

    python -m bench.speed               SQLite and files
    python -m bench.speed --services    PostgreSQL and S3

16 connections, 64 KiB and 1 MiB. The runs of both are interleaved, so that whatever else the machine does meets
both; the table gives the median and the spread, and the median of the ratios of neighbouring runs. nginx knows no
keys, no rows and no checksums, and syncs nothing: it is the limit of the machine, not a competitor.

Exit codes: 0 measured, 1 a server refused requests, 2 could not measure.
"""

import argparse
import base64
import os
import statistics
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from bench import load, nginx
from bench.load import Found, Requests
from bench.payloads import Client, Payload
from bench.setting import give_up, installation, name_of, say
from tests.installation import Installation, Web

SIZES = {"64 KiB": 65_536, "1 MiB": 1_048_576}
FILES = 16
RUNS = 5
SECONDS = 3
JSON_HEAD = b'{"data_base64": "'


@dataclass(frozen=True, kw_only=True)
class Row:
    """The same work asked of MediaHub and of nginx."""

    name: str
    ours: Requests
    theirs: Requests


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--services", action="store_true", help="measure on PostgreSQL and S3")
    parser.add_argument("--runs", type=int, default=RUNS, help="interleaved runs of each row")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of load, each run")
    arguments = parser.parse_args()
    if nginx.program() is None:
        give_up("nginx is not installed, and it is what MediaHub is compared with.")
    with (
        installation(on_services=arguments.services) as measured,
        TemporaryDirectory(prefix="mediahub-nginx-") as folder,
        measured.web() as web,
    ):
        files = Path(folder) / "files"
        rows_of = _Rows(measured, web, files=files, folder=Path(folder))
        with nginx.serving(files, folder=Path(folder)) as port:
            return _measure(rows_of.made(nginx_port=port), arguments)


def _measure(rows: list[Row], arguments: argparse.Namespace) -> int:
    tool = "wrk" if load.has_wrk() else "this bench's own client (no wrk here; it cannot load nginx to its limit)"
    say(f"{name_of(on_services=arguments.services)}; {load.CONNECTIONS} connections, load by {tool}")
    say(f"{arguments.runs} interleaved runs of {arguments.seconds:g} s; requests a second: median (least to most)")
    say()
    say(f"{'':26}{'MediaHub':>24}{'p50':>8}{'p99':>8}   {'nginx':>28}   {'MediaHub : nginx':>18}")
    return max(_row(row, arguments) for row in rows)


def _row(row: Row, arguments: argparse.Namespace) -> int:
    for requests in (row.ours, row.theirs):
        load.run(requests, seconds=1)
    ours: list[Found] = []
    theirs: list[Found] = []
    for number in range(arguments.runs):
        # Whoever goes first in one run goes second in the next.
        turns = [(row.ours, ours), (row.theirs, theirs)]
        for requests, found in turns if number % 2 == 0 else reversed(turns):
            found.append(load.run(requests, seconds=arguments.seconds))
    refused = sum(one.errors for one in (*ours, *theirs))
    if refused:
        say(f"{row.name:26}{refused} requests were refused or failed")
        return 1
    ratios = [one.per_second / other.per_second for one, other in zip(ours, theirs, strict=True)]
    p50, p99 = (statistics.median(getattr(one, name) for one in ours) for name in ("p50_ms", "p99_ms"))
    say(
        f"{row.name:26}{_spread(ours):>24}{p50:>6.1f}ms{p99:>6.1f}ms   {_spread(theirs):>28}   "
        f"1 : {1 / statistics.median(ratios):.1f} ({1 / max(ratios):.1f} to {1 / min(ratios):.1f})"
    )
    return 0


def _spread(found: list[Found]) -> str:
    figures = [one.per_second for one in found]
    return f"{statistics.median(figures):,.0f} ({min(figures):,.0f} to {max(figures):,.0f})"


class _Rows:
    """The files, in nginx's folder and in MediaHub, and what is asked for them."""

    def __init__(self, measured: Installation, web: Web, *, files: Path, folder: Path) -> None:
        self._client = Client(port=web.port, key=measured.key)
        self._files = files
        self._folder = folder
        files.mkdir()

    def made(self, *, nginx_port: int) -> list[Row]:
        """Downloads first: uploads fill the disk."""
        return [*self._downloads(nginx_port), *self._uploads(nginx_port)]

    def _downloads(self, nginx_port: int) -> Iterator[Row]:
        for size_name, size in SIZES.items():
            payloads = [Payload(seed=size + number, size=size) for number in range(FILES)]
            ours = self._list(f"ours-{size}", [f"/media?path={quote(self._both(one))}" for one in payloads])
            theirs = self._list(f"theirs-{size}", [f"/{one.seed}" for one in payloads])
            yield Row(
                name=f"download {size_name}",
                ours=Requests(port=self._client.port, method="GET", paths=ours, key=self._client.key),
                theirs=Requests(port=nginx_port, method="GET", paths=theirs),
            )

    def _both(self, payload: Payload) -> str:
        (self._files / str(payload.seed)).write_bytes(b"".join(payload.blocks()))
        return self._client.upload_multipart(payload)

    def _uploads(self, nginx_port: int) -> Iterator[Row]:
        put = self._list("put", ["/put/"])
        post = self._list("post", ["/v1/media"])
        for size_name, size in SIZES.items():
            raw = self._write(f"raw-{size}", os.urandom(size))
            text = JSON_HEAD + base64.b64encode(os.urandom(size)) + b'"}'
            encoded = self._write(f"json-{size}", text)
            theirs = Requests(
                port=nginx_port, method="PUT", paths=put, body=raw, numbered=True, content_type="image/jpeg"
            )
            ways = {"base64": (encoded, "application/json", len(JSON_HEAD)), "raw": (raw, "application/x-bench", 0)}
            for way, (body, content_type, spare) in ways.items():
                ours = Requests(
                    port=self._client.port,
                    method="POST",
                    paths=post,
                    key=self._client.key,
                    body=body,
                    content_type=content_type,
                    spare=spare,
                )
                yield Row(name=f"upload {size_name} {way}", ours=ours, theirs=theirs)

    def _list(self, name: str, paths: list[str]) -> Path:
        return self._write(f"paths-{name}", "\n".join(paths).encode())

    def _write(self, name: str, content: bytes) -> Path:
        file = self._folder / name
        file.write_bytes(content)
        return file


if __name__ == "__main__":
    sys.exit(main())
