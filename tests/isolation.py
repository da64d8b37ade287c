"""What a run of the tests touches: settings of its own, and on real servers a bucket and a database number of its own.

Nothing of the machine's or the developer's environment decides what is tested. Without the servers of
tests/services.py the embedded defaults are tested, in a folder that goes away.
"""

import os
import re
import shutil
import tempfile
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import django
from django.conf import settings
from django.db import connection, transaction

from tests.servers import forget_the_shells_own, make_bucket
from tests.services import MARK

# As this process was started, for the workers it starts in turn: each isolates itself.
INHERITED = dict(os.environ)
ROOT = Path(__file__).resolve().parent.parent
SERVICES = (
    "DATABASE_URL",
    "REDIS_URL",
    "MEDIA_BUCKET",
    "AWS_ENDPOINT_URL",
    "AWS_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_PATH_STYLE",
)
# What the migrations write, and no test changes.
SAME_IN_EVERY_DATABASE = {"auth_permission", "django_content_type"}
# Every setting stands in this file, as a comment or not.
SETTING = re.compile(r"^(?:# )?([A-Z][A-Z_]*)=", re.MULTILINE)


def has_services() -> bool:
    """Whether tests/services.py has started its servers for this run."""
    return MARK in os.environ


def isolate(worker: str) -> Path:
    """Give this process settings of its own; answers the folder it may write to, which `leave` removes."""
    kept = {name: os.environ[name] for name in SERVICES if has_services() and name in os.environ}
    for name in (*SERVICES, *SETTING.findall((ROOT / ".env.example").read_text())):
        os.environ.pop(name, None)
    forget_the_shells_own()
    var = Path(tempfile.mkdtemp(prefix=f"mediahub-{worker}-"))
    os.environ |= kept | _own(var) | _own_share(kept, worker)
    return var


def set_django_up(var: Path) -> None:
    """Read the settings and load the models, which conftest files in folders import."""
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        # A file: other processes of a test have to find it.
        settings.DATABASES["default"]["TEST"] = {"NAME": str(var / "test.sqlite3")}
    django.setup()


def make_own_bucket() -> None:
    """Where there is a store."""
    if "MEDIA_BUCKET" in os.environ:
        make_bucket(os.environ)


def empty_the_store() -> None:
    """Let the store of this run be nobody's: no mark, and no objects, with which nobody would mark it again."""
    from media_store.storage import objects  # noqa: PLC0415 - not before the environment is ours
    from media_store.storage.objects import MARK_KEY, PREFIX  # noqa: PLC0415 - likewise

    store = objects()
    for page in store.listing(prefix=PREFIX):
        store.delete([listed.key for listed in page])
    store.delete([MARK_KEY])


def empty_the_tables() -> None:
    """As `flush` does after a test that commits, for a twentieth of its time.

    Deleting few rows takes no lock on a table, and what migrations gave every database may stay.
    """
    from media_store import store_mark  # noqa: PLC0415 - not before the environment is ours

    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    with transaction.atomic(), connection.cursor() as cursor:
        for name in sorted(set(names) - SAME_IN_EVERY_DATABASE):
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(name)}")  # noqa: S608 - a table of ours
    store_mark.give_token()


def restore() -> None:
    """Let the environment be as it was inherited."""
    os.environ.clear()
    os.environ.update(INHERITED)


def leave(var: Path) -> None:
    """Remove the folder."""
    shutil.rmtree(var, ignore_errors=True)


def database_url(name: str) -> str:
    """The DATABASE_URL that leads a process of its own to the database of this name."""
    if "DATABASE_URL" not in os.environ:
        return f"sqlite:///{name}"
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{quote(name)}"))


def _own(var: Path) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "mediahub.settings",
        "MEDIAHUB_ENV_FILE": os.devnull,
        "MEDIAHUB_VAR": str(var),
        # boto3 looks for profiles and for the machine's role where it is not told otherwise.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _own_share(services: dict[str, str], worker: str) -> dict[str, str]:
    """Each worker has a bucket and a database number: what one leaves is not there for another."""
    if not services:
        return {}
    number = int(re.sub(r"\D", "", worker) or 0)
    return {
        "MEDIA_BUCKET": f"{services['MEDIA_BUCKET']}-{worker}",
        "REDIS_URL": services["REDIS_URL"].removesuffix("/0") + f"/{number + 1}",
    }
