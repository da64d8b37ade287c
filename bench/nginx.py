"""nginx as the yardstick: the same files from a folder, and PUT into a folder, without a key or a database."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.processes import free_ports

START_SECONDS = 10

# As MediaHub in the same run: two processes, a line in a log for each request, nothing compressed.
CONFIGURATION = """
{user}
worker_processes 2;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log {folder}/access.log;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000;
    default_type application/octet-stream;
    client_max_body_size 16m;
    client_body_temp_path {folder}/bodies;
    proxy_temp_path {folder}/unused-proxy;
    fastcgi_temp_path {folder}/unused-fastcgi;
    uwsgi_temp_path {folder}/unused-uwsgi;
    scgi_temp_path {folder}/unused-scgi;
    server {{
        listen 127.0.0.1:{port};
        root {files};
        location /put/ {{
            root {folder};
            dav_methods PUT;
            create_full_put_path on;
        }}
    }}
}}
"""


def program() -> str | None:
    """Where nginx is installed."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


@contextmanager
def serving(files: Path, *, folder: Path) -> Iterator[int]:
    """Serve `files` until the block ends; answers the port. What nginx writes goes below `folder`."""
    port = free_ports(1)[0]
    settings = folder / "nginx.conf"
    # Started by root it would give its workers to another user, who cannot reach a private folder.
    user = "user root;" if os.geteuid() == 0 else ""
    settings.write_text(CONFIGURATION.format(user=user, folder=folder, files=files, port=port))
    process = subprocess.Popen(
        [str(program()), "-p", str(folder), "-c", str(settings)], stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        _wait(port, process)
        yield port
    finally:
        process.terminate()
        process.wait()


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            urlopen(f"http://127.0.0.1:{port}/", timeout=1).close()
        except URLError as error:
            if hasattr(error, "code"):
                return
            time.sleep(0.05)
        else:
            return
    message = "nginx did not start"
    raise RuntimeError(message)
