"""Installations to be killed: one over the embedded defaults, one over the real services, each with its servers."""

import os
import secrets
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from tests import isolation
from tests.faults import operators
from tests.faults.deaths import Deaths
from tests.faults.estates import Estate, Tenant
from tests.faults.fault_proxy import Proxy
from tests.faults.operators import Operator
from tests.faults.witness import Bucket, Witness
from tests.installation import Installation, Web
from tests.servers import make_bucket

EMBEDDED = "SQLite and files"
SERVICES = "PostgreSQL and S3"
# Tenants that one process makes: it takes a second to start.
AT_ONCE = 20
# Characters of a log that a failure shows.
LOG_SHOWN = 4_000


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """One database is shown both deaths: to what is left behind, an exit that cleans nothing up is a kill."""
    spared = [item for item in items if _is_second_death_of_embedded(item)]
    config.hook.pytest_deselected(items=spared)
    items[:] = [item for item in items if not _is_second_death_of_embedded(item)]


def _is_second_death_of_embedded(item: pytest.Item) -> bool:
    params = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    return (params.get("installed"), params.get("death")) == (EMBEDDED, "exit")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure shows what the web process logged last: what the client heard does not tell the cause."""
    report = yield
    installed = item.funcargs.get("installed") if isinstance(item, pytest.Function) else None
    if report.failed and isinstance(installed, Installation) and installed.web_log.exists():
        report.sections.append(("end of the web process's log", installed.web_log.read_text()[-LOG_SHOWN:]))
    return report


def over_services(var: Path) -> Iterator[Installation]:
    """With a database and a bucket of its own on the servers of this run."""
    name = f"faults_{secrets.token_hex(4)}"
    env = {setting: os.environ[setting] for setting in isolation.SERVICES}
    env |= {"DATABASE_URL": isolation.database_url(name), "MEDIA_BUCKET": name.replace("_", "-")}
    make_bucket(env)
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        yield Installation(var=var, env=env)
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    Bucket(env).remove()


def embedded(var: Path) -> Iterator[Installation]:
    """With nothing but a folder."""
    yield Installation(var=var, env={"DATABASE_URL": f"sqlite:///{var / 'mediahub.sqlite3'}"})


@pytest.fixture(scope="module", params=[EMBEDDED, pytest.param(SERVICES, marks=pytest.mark.services)])
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Migrated."""
    var = tmp_path_factory.mktemp("installed")
    for installation in (embedded if request.param == EMBEDDED else over_services)(var):
        installation.migrate()
        yield installation


@pytest.fixture(scope="module")
def on_services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Migrated, over the real services."""
    for installation in over_services(tmp_path_factory.mktemp("installed")):
        installation.migrate()
        yield installation


@pytest.fixture(scope="module")
def healthy(installed: Installation, operator: Operator) -> Iterator[Web]:
    """A web process in which nothing goes wrong."""
    with installed.web(WEB_CONCURRENCY="1") as web:
        yield web


@pytest.fixture(scope="module")
def witness(installed: Installation) -> Witness:
    """Who sees what is left."""
    return Witness(installation=installed)


@pytest.fixture(scope="module")
def operator(installed: Installation) -> Iterator[Operator]:
    """Who runs commands; his first lets the store bear its mark, as it does once an upload has come."""
    with operators.at_work(installed) as operator:
        operator.does("mark_store")
        yield operator


@pytest.fixture(scope="module")
def killed(installed: Installation) -> Iterator[Deaths]:
    """Where to be killed."""
    with ExitStack() as stack:
        yield Deaths(installed, stack)


@pytest.fixture(scope="module")
def proxy(installed: Installation) -> Iterator[Proxy]:
    """Between a process and its store; the real services only."""
    with Proxy(installed.own_env["AWS_ENDPOINT_URL"]) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def tenants(operator: Operator) -> Iterator[Tenant]:
    """Any number of them."""

    def made() -> Iterator[Tenant]:
        while True:
            yield from (Tenant(**one) for one in operator.does("tenants", count=AT_ONCE))

    return made()


@pytest.fixture
def estate_of(tenants: Iterator[Tenant], healthy: Web, witness: Witness) -> Callable[[], Estate]:
    """A new estate each time."""

    def made() -> Estate:
        estate = Estate(tenant=next(tenants), web=healthy, witness=witness)
        estate.fill()
        return estate

    return made


@pytest.fixture
def estate(estate_of: Callable[[], Estate]) -> Estate:
    """One that nobody has touched."""
    return estate_of()
