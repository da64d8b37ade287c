"""What every test stands on: isolated settings, no way off this machine, and the processes of the Procfile."""

import atexit
import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from tests import isolation, loopback
from tests.installation import Installation, Prepared, Web
from tests.live import celery_worker

LONG = Path(__file__).parent / "faults"

# Before anything of the project is imported: that reads the settings.
VAR = isolation.isolate(os.environ.get("PYTEST_XDIST_WORKER", "main"))
atexit.register(isolation.leave, VAR)
isolation.set_django_up(VAR)

# The same examples each time, so that a pass is a pass; `make faults` looks for new ones.
hypothesis_settings.register_profile("suite", max_examples=100, derandomize=True, deadline=None, database=None)
hypothesis_settings.register_profile(
    "fuzz", max_examples=int(os.environ.get("FUZZ_EXAMPLES") or 100), deadline=None, database=None, print_blob=True
)
hypothesis_settings.load_profile("fuzz" if os.environ.get("FUZZ_EXAMPLES") else "suite")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """The workers run the tests, and would take our settings for theirs."""
    isolation.restore()


def pytest_addoption(parser: pytest.Parser) -> None:
    """What tests/suite.py asks for on the embedded defaults, once everything has passed on the servers."""
    parser.addoption("--core", action="store_true", help="only tests in which the database or the store has a part")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import what is long where it was not asked for."""
    return True if collection_path == LONG and "faults" not in config.option.markexpr else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs servers where there are none, and what is long where it was not asked for."""
    unwanted = set() if isolation.has_services() else {"services"}
    if "faults" not in config.option.markexpr:
        unwanted.add("faults")
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        marks = {mark.name for mark in item.iter_markers()}
        wanted = not marks & unwanted and (not config.option.core or _is_core(item, marks))
        (kept if wanted else left_out).append(item)
    config.hook.pytest_deselected(items=left_out)
    items[:] = kept


def _is_core(item: pytest.Item, marks: set[str]) -> bool:
    fixtures = set(getattr(item, "fixturenames", ()))
    return "once" not in marks and bool(marks & {"django_db", "storage"} or fixtures & {"db", "transactional_db"})


@pytest.fixture(autouse=True, scope="session")
def _own_bucket() -> None:
    isolation.make_own_bucket()
    # Whoever ran before on the same servers had another database.
    isolation.empty_the_store()


@pytest.fixture(autouse=True, scope="session")
def _quick_emptying() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.test.TransactionTestCase._fixture_teardown", lambda _case: isolation.empty_the_tables())
        yield


@pytest.fixture(autouse=True)
def _no_mark_of_another_database(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that commits ends with its tables emptied, which makes it another database to the store it marked."""
    yield
    marker = request.node.get_closest_marker("django_db")
    commits = "transactional_db" in request.fixturenames or (marker and marker.kwargs.get("transaction"))
    if commits:
        isolation.empty_the_store()


def pytest_collection_finish() -> None:
    """What was collected stays to the end: let no later collection of garbage look through it."""
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what passing tests have counted."""
    for report in terminalreporter.getreports("passed"):
        for name, line in report.user_properties:
            if name == "summary":
                terminalreporter.write_line(f"{report.nodeid.rpartition('::')[2]}: {line}")


@pytest.fixture(autouse=True, scope="session")
def _loopback_only() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        loopback.guard(patch)
        yield


@pytest.fixture(scope="session")
def _installation(django_db_setup: None) -> Installation:
    """The database, store and broker of this run, for processes beside the test's."""
    from django.conf import settings  # noqa: PLC0415 - not before the environment is ours

    name = str(settings.DATABASES["default"]["NAME"])
    share = {setting: os.environ[setting] for setting in isolation.SERVICES if setting in os.environ}
    return Installation(var=VAR, env={**share, "DATABASE_URL": isolation.database_url(name)})


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """What the embedded installations of tests are copies of; all workers of a run share it."""
    own = tmp_path_factory.getbasetemp()
    return Prepared((own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "prepared")


@pytest.fixture(scope="session")
def _web(_installation: Installation) -> Iterator[Web]:
    with _installation.web(WEB_GRACE_SECONDS="0") as web:
        yield web


@pytest.fixture
def server(transactional_db: None, _web: Web) -> Web:
    """The web process of the Procfile; it sees the rows that the test commits."""
    return _web


@pytest.fixture(scope="module")
def _worker(_installation: Installation) -> Iterator[None]:
    with celery_worker(var=VAR, env=_installation.env):
        yield


@pytest.fixture
def worker(transactional_db: None, _worker: None) -> None:
    """The worker of the Procfile; what this module's tests send to the broker, it does."""
