"""All settings of MediaHub, read once at start. docs/settings.md and .env.example are rendered from this file.

What is wrong on its own fails here with one sentence; what is wrong together fails in mediahub/checks.py.
"""

import os
from pathlib import Path
from typing import Any

from kombu import Queue

from mediahub import connections
from mediahub.environment import Environment, load_file
from mediahub.secret import kept_secret

BASE_DIR = Path(__file__).resolve().parent.parent
ENV_FILE = BASE_DIR / os.environ.get("MEDIAHUB_ENV_FILE", ".env")
load_file(ENV_FILE)
env = Environment(os.environ)

env.section("The service")
VAR = env.folder(
    "MEDIAHUB_VAR",
    "Where MediaHub keeps what it writes itself: the embedded database, files, the file broker, its secret.",
    default=Path("var"),
    shown="var",
    base=BASE_DIR,
)
DEBUG = env.flag("DEBUG", "Error pages with tracebacks. Never where strangers can reach it.")
SECRET_KEY = env.secret(
    "SECRET_KEY",
    "Signs admin sessions and links to media. At least 50 characters; the same for every process of one installation.",
    shown="made once and kept in var/secret_key",
) or kept_secret(VAR / "secret_key")
ALLOWED_HOSTS = env.words(
    "ALLOWED_HOSTS",
    "Host names this service is called by.",
    default=("localhost", "127.0.0.1", "[::1]"),
    example="media.example.com",
)
BEHIND_TLS = env.flag(
    "BEHIND_TLS",
    "True where a proxy in front speaks HTTPS and sets X-Forwarded-Proto: secure cookies, HSTS, plain HTTP redirected.",
)
CSRF_TRUSTED_ORIGINS = env.words(
    "CSRF_TRUSTED_ORIGINS",
    "Origins the admin may be used from, where the proxy changes the Host header.",
    example="https://media.example.com",
)

PUBLIC_URL = connections.own_address(
    "PUBLIC_URL",
    env.text(
        "PUBLIC_URL",
        "Where clients reach this service, as links to media name it.",
        shown="the address of the request that asks for the link",
        example="https://media.example.com",
    ),
)

env.section("Database")
DATABASES = {
    "default": connections.database(
        env.secret(
            "DATABASE_URL",
            "`postgres://user:password@host:5432/name` or `sqlite:///path`; special characters percent-encoded.",
            shown="SQLite in var/mediahub.sqlite3",
        ),
        var=VAR,
        base=BASE_DIR,
    )
}

env.section("Queue")
REDIS_URL = env.secret(
    "REDIS_URL",
    "`redis://host:6379/0`, `rediss://…` or `unix:///path`: the broker of the workers.",
    shown="files in var/broker",
)
connections.require_redis(REDIS_URL)

env.section("Media")
MEDIA_MAX_BYTES = env.number("MEDIA_MAX_BYTES", "No media may be larger.", default=100 * 1024 * 1024, minimum=1)
MEDIA_KINDS = env.json_object(
    "MEDIA_KINDS",
    "Changes to what a message may carry: kind → `types` (null for any), `max_bytes`, `animated_max_bytes`.",
    example='{"image": {"max_bytes": 16777216}}',
)
MEDIA_SERVED_TYPES = env.words(
    "MEDIA_SERVED_TYPES",
    "Types served as themselves beside the built-in ones; everything else is application/octet-stream.",
    example="image/gif",
)
SPOOL_DIR = env.folder(
    "SPOOL_DIR",
    "Where uploads rest until they are stored; on the same disk as the files it costs no copy.",
    default=VAR / "spool",
    shown="var/spool",
    base=BASE_DIR,
)

env.section("Retention")
# More would leave the calendar: a century, and a week.
MOST_DAYS, MOST_SECONDS = 36_500, 604_800
RETENTION_FLOOR_DAYS = env.number(
    "RETENTION_FLOOR_DAYS",
    "No rule deletes media younger than this. A client's delete and a device's end are no rules.",
    default=1,
    minimum=0,
    maximum=MOST_DAYS,
)
RETENTION_CEILING_DAYS = env.number(
    "RETENTION_CEILING_DAYS",
    "No rule keeps media for longer than this after its arrival; a legal hold does.",
    default=365,
    minimum=1,
    maximum=MOST_DAYS,
)
AUDIT_DAYS = env.number(
    "AUDIT_DAYS",
    "How long tombstones, accounts of destroyed devices and holds that are over can still be asked about.",
    default=180,
    minimum=1,
    maximum=MOST_DAYS,
)
FAILED_KEEP_DAYS = env.number(
    "FAILED_KEEP_DAYS", "How long media that failed stays listed.", default=30, minimum=1, maximum=MOST_DAYS
)
RUNS_KEEP_DAYS = env.number(
    "RUNS_KEEP_DAYS",
    "How long the runs of purge and collection stay listed.",
    default=90,
    minimum=1,
    maximum=MOST_DAYS,
)
BRAKE_PERCENT = env.number(
    "BRAKE_PERCENT",
    "A purge that would take more of an app's media than this stops, unless they merely expired.",
    default=50,
    minimum=0,
    maximum=100,
)
BRAKE_MIN_MEDIA = env.number(
    "BRAKE_MIN_MEDIA", "The brake lets this many media of an app go in any case.", default=100, minimum=0
)
RELEASE_GRACE_SECONDS = env.number(
    "RELEASE_GRACE_SECONDS",
    "How long an object stays after the last media let go of it; longer than the life of a link into the bucket.",
    default=5,
    minimum=0,
    maximum=MOST_SECONDS,
)
UPLOAD_DEADLINE_SECONDS = env.number(
    "UPLOAD_DEADLINE_SECONDS",
    "An upload that is not done by then is given up.",
    default=3600,
    minimum=60,
    maximum=MOST_SECONDS,
)
PURGE_INTERVAL_SECONDS = env.number(
    "PURGE_INTERVAL_SECONDS", "How often beat looks for expired media.", default=60, minimum=1
)
COLLECT_INTERVAL_SECONDS = env.number(
    "COLLECT_INTERVAL_SECONDS", "How often beat looks for objects to delete.", default=10, minimum=1
)
DESTRUCTION_INTERVAL_SECONDS = env.number(
    "DESTRUCTION_INTERVAL_SECONDS",
    "How often beat looks for destroyed devices whose task was lost.",
    default=30,
    minimum=1,
)
SWEEP_INTERVAL_SECONDS = env.number(
    "SWEEP_INTERVAL_SECONDS",
    "How often beat looks for rows past their window, killed uploads and changed rules.",
    default=3600,
    minimum=1,
)

env.section("Fetching")
FETCH_ALLOW = env.words(
    "FETCH_ALLOW",
    "Origins that URLs are fetched from whatever their scheme, port and address; every other has to be public HTTPS.",
    example="http://files.internal:8080",
)
EGRESS_PROXY = connections.egress_proxy(
    env.secret(
        "EGRESS_PROXY",
        "`http://host:port` of a proxy for outbound requests; where they may go is judged here all the same.",
    )
)
FETCH_POLICY = connections.outbound_policy("FETCH_ALLOW", FETCH_ALLOW)
FETCH_DEADLINE_SECONDS = env.number(
    "FETCH_DEADLINE_SECONDS",
    "A URL is fetched within this time, look-up of its name and all.",
    default=60,
    minimum=1,
    maximum=3600,
)
FETCH_INTERVAL_SECONDS = env.number(
    "FETCH_INTERVAL_SECONDS", "How often beat looks for URLs that are due.", default=10, minimum=1
)

env.section("Gateways, links and events")
GATEWAY_URL = connections.own_address(
    "GATEWAY_URL",
    env.text(
        "GATEWAY_URL",
        "Where gateways reach this service, as the content URLs of the outbox name it: an address inside, say.",
        shown="PUBLIC_URL",
        example="http://mediahub:8000",
    )
    or PUBLIC_URL,
)
OUTBOX_LEASE_SECONDS = env.number(
    "OUTBOX_LEASE_SECONDS",
    "A message that a gateway claimed is given to the next who asks, if no receipt has come by then.",
    default=120,
    minimum=1,
    maximum=86_400,
)
CONTENT_URL_SECONDS = env.number(
    "CONTENT_URL_SECONDS",
    "How long the content URL of a claimed message works; not less than the lease.",
    default=600,
    minimum=1,
    maximum=86_400,
)
LINK_MAX_SECONDS = env.number(
    "LINK_MAX_SECONDS",
    "The longest life that a client may ask for a link to media.",
    default=604_800,
    minimum=60,
    maximum=MOST_DAYS * 86_400,
)
WEBHOOK_EXPIRING_HOURS = env.number(
    "WEBHOOK_EXPIRING_HOURS",
    "Media that expires within so many hours is announced to apps that listen to media.expiring.",
    default=24,
    minimum=1,
    maximum=8_760,
)

env.section("Webhooks")
WEBHOOK_ALLOW = env.words(
    "WEBHOOK_ALLOW",
    "Origins that webhooks are sent to whatever their scheme, port and address; every other has to be public HTTPS.",
    example="http://n8n:5678",
)
WEBHOOK_POLICY = connections.outbound_policy("WEBHOOK_ALLOW", WEBHOOK_ALLOW)
WEBHOOK_DEADLINE_SECONDS = env.number(
    "WEBHOOK_DEADLINE_SECONDS", "An endpoint has so long to begin its answer.", default=15, minimum=1, maximum=60
)
WEBHOOK_INTERVAL_SECONDS = env.number(
    "WEBHOOK_INTERVAL_SECONDS", "How often beat looks for events that are due.", default=5, minimum=1
)
WEBHOOK_KEEP_DAYS = env.number(
    "WEBHOOK_KEEP_DAYS",
    "How long events can be replayed, and wait for a disabled endpoint; they hold captions and senders.",
    default=7,
    minimum=2,
    maximum=MOST_DAYS,
)

env.section("Object store")
MEDIA_BUCKET = env.text(
    "MEDIA_BUCKET", "The bucket of an S3-compatible store.", shown="files in var/media", example="mediahub"
)
AWS_ENDPOINT_URL = env.text("AWS_ENDPOINT_URL", "The store's address.", shown="AWS", example="http://127.0.0.1:9000")
AWS_REGION = env.text("AWS_REGION", "The store's region.", default="us-east-1")
AWS_ACCESS_KEY_ID = env.secret("AWS_ACCESS_KEY_ID", "Needed with MEDIA_BUCKET.")
AWS_SECRET_ACCESS_KEY = env.secret("AWS_SECRET_ACCESS_KEY", "Needed with MEDIA_BUCKET.")
AWS_PATH_STYLE = env.flag(
    "AWS_PATH_STYLE",
    "`endpoint/bucket/key` instead of `bucket.endpoint/key`, as most stores but AWS want it.",
    default=bool(AWS_ENDPOINT_URL),
    shown="true with AWS_ENDPOINT_URL, otherwise false",
)

env.section("Processes")
WEB_HOST = env.text("WEB_HOST", "The address the web process listens on; 0.0.0.0 in a container.", default="127.0.0.1")
PORT = env.number("PORT", "The port of the web process.", default=8000, minimum=1, maximum=65535)
WEB_CONCURRENCY = env.number("WEB_CONCURRENCY", "Web processes; as many as there are cores.", default=2, minimum=1)
WEB_THREADS = env.number(
    "WEB_THREADS",
    "Requests one web process serves at a time. PostgreSQL needs WEB_CONCURRENCY times WEB_THREADS connections.",
    default=16,
    minimum=1,
)
WEB_GRACE_SECONDS = env.number(
    "WEB_GRACE_SECONDS", "How long a stopping web process lets uploads and downloads end.", default=25, minimum=0
)
WORKER_CONCURRENCY = env.number(
    "WORKER_CONCURRENCY",
    "Tasks one worker process does at a time, each in a thread of its own: two for all else, the rest is split evenly "
    "between fetching and webhooks.",
    default=24,
    minimum=4,
)
TASK_LIMIT_SECONDS = env.number(
    "TASK_LIMIT_SECONDS",
    "A worker with a task that takes longer than this begins anew; longer than FETCH_DEADLINE_SECONDS.",
    default=600,
    minimum=2,
    maximum=43_200,
)
# None of them can starve another, whatever sources and endpoints there are.
WEBHOOK_PLACES = (WORKER_CONCURRENCY - 2) // 2
FETCH_PLACES = WORKER_CONCURRENCY - 2 - WEBHOOK_PLACES
FETCHES_PER_APP = env.number(
    "FETCHES_PER_APP",
    "URLs of one app that are fetched at a time, over all workers.",
    default=max(1, FETCH_PLACES // 2),
    shown="half of those that one worker fetches",
    minimum=1,
)
WEBHOOKS_PER_APP = env.number(
    "WEBHOOKS_PER_APP",
    "Requests to the endpoints of one app at a time, over all workers.",
    default=max(1, WEBHOOK_PLACES // 2),
    shown="half of those that one worker makes",
    minimum=1,
)
WEBHOOKS_PER_ENDPOINT = env.number(
    "WEBHOOKS_PER_ENDPOINT",
    "Requests to one endpoint at a time, over all workers; to one that fails, a single one.",
    default=4,
    minimum=1,
)
CLIENT_PATIENCE_SECONDS = env.number(
    "CLIENT_PATIENCE_SECONDS",
    "How long a client may keep a thread waiting: for headers in all, for a body or its reading with what it earns.",
    default=30,
    minimum=1,
)
CLIENT_BYTES_PER_SECOND = env.number(
    "CLIENT_BYTES_PER_SECOND",
    "So many bytes of a body or an answer earn a second of patience back: who is slower is cut off in the end.",
    default=1024,
    minimum=1,
)
FORWARDED_ALLOW_IPS = env.text(
    "FORWARDED_ALLOW_IPS",
    "Addresses of proxies whose X-Forwarded-Proto is believed; `*` where only a proxy can reach the web process.",
    default="127.0.0.1,::1",
)
LOG_FORMAT = env.choice("LOG_FORMAT", "How log lines look.", default="json", choices=("json", "console"))
LOG_LEVEL = env.choice(
    "LOG_LEVEL",
    "The least important lines that are written.",
    default="info",
    choices=("debug", "info", "warning", "error"),
)

env.section("Tests only")
FAILPOINTS = env.mapping("FAILPOINTS", "Moments at which a process dies, for crash tests.")
SETTINGS_TABLE = env.rows

# Django
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "devices",
    "media_store",
    "mediahub",
]
MIDDLEWARE = [
    "mediahub.middleware.RequestId",
    "mediahub.middleware.Probes",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.common.CommonMiddleware",
    "mediahub.middleware.AdminSession",
    "mediahub.middleware.AdminCsrf",
    "mediahub.middleware.AdminAuthentication",
    "mediahub.middleware.AdminMessages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "mediahub.urls"
WSGI_APPLICATION = "mediahub.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

# Files
STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
MEDIA_ROOT = VAR / "media"
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "mediahub.static_files.CollectedFiles"},
    "media": connections.media_store(
        folder=MEDIA_ROOT,
        bucket=MEDIA_BUCKET,
        endpoint=AWS_ENDPOINT_URL,
        region=AWS_REGION,
        access_key=AWS_ACCESS_KEY_ID,
        secret_key=AWS_SECRET_ACCESS_KEY,
        path_style=AWS_PATH_STYLE,
    ),
}

# Bodies: routes that carry media read them themselves; whatever else sends one is small.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
# No file is taken but by a view that brings its own handler: elsewhere its bytes are read and dropped.
FILE_UPLOAD_HANDLERS: list[str] = []

# Security
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_SSL_REDIRECT = BEHIND_TLS
SECURE_HSTS_SECONDS = 365 * 86_400 if BEHIND_TLS else 0
SESSION_COOKIE_SECURE = BEHIND_TLS
CSRF_COOKIE_SECURE = BEHIND_TLS
X_FRAME_OPTIONS = "DENY"
# The admin's cookies let nobody into the API, and are not even sent to it.
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = "/admin/"
SILENCED_SYSTEM_CHECKS = [
    # The CSRF middleware is there as mediahub.middleware.AdminCsrf, which the check does not recognise.
    "security.W003",
    # HSTS for subdomains and browsers' preload lists would decide for hosts that are not MediaHub's.
    "security.W005",
    "security.W021",
]

LOGGING_CONFIG = "mediahub.log.configure"
LOGGING = {"format": LOG_FORMAT, "level": LOG_LEVEL}

# The API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["devices.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "devices.api.negotiation.TypesAlone",
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "problems.answers.handle",
    "UNAUTHENTICATED_USER": None,
    # Answers have one format each; `?format=` is a parameter like any other.
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "MediaHub",
    "DESCRIPTION": (
        "The media service of a messaging gateway: media in by base64, file or URL and from the gateway, out by "
        "`media_path`; what happens to it told by signed webhooks."
    ),
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    # `type` of a message and `kind` of a media are one set of words; the states of receipts and of webhooks are two.
    "ENUM_NAME_OVERRIDES": {
        "KindEnum": "media_store.kinds.DEFAULTS",
        "ReceiptStateEnum": "media_store.api.gateway_fields.RECEIPT_STATES",
        "WebhookStateEnum": "devices.models.WebhookDelivery.State",
    },
}

# Work outside requests: hints only, the rows are the queue of record.
UNREFERENCED_INTERVAL_SECONDS = 86_400
# A task that has more to do than this leaves the rest to the next beat.
TASK_WORK_SECONDS = TASK_LIMIT_SECONDS // 2
CELERY_BROKER_URL, CELERY_BROKER_TRANSPORT, CELERY_BROKER_TRANSPORT_OPTIONS = connections.broker(
    REDIS_URL, var=VAR, task_limit_seconds=TASK_LIMIT_SECONDS
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# The broker gives the task to somebody else, who may begin at once; each can be run twice.
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
# A hint that cannot be sent is given up within seconds; a sweep finds what it was about.
CELERY_BROKER_CONNECTION_TIMEOUT = 1
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
# Both are needed: without the second, a task whose pool child was killed is lost.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONCURRENCY = WORKER_CONCURRENCY
# Most of the work waits for somebody else: for a source, a store, a database.
CELERY_WORKER_POOL = "threads"
# Queues of their own, which a worker empties in turn with the other: no number of URLs or events delays the purge.
CELERY_TASK_ROUTES = {
    "media_store.tasks.fetch_next": {"queue": "fetch"},
    "devices.tasks.send_webhooks": {"queue": "webhooks"},
}
CELERY_TASK_QUEUES = [Queue("celery"), Queue("fetch"), Queue("webhooks")]
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR / "beat-schedule")
# A hint older than its interval has been overtaken by the next one.
CELERY_BEAT_SCHEDULE = {
    task.rpartition(".")[2].replace("_", "-"): {"task": task, "schedule": seconds, "options": {"expires": seconds}}
    for task, seconds in {
        "devices.tasks.send_due_webhooks": WEBHOOK_INTERVAL_SECONDS,
        "devices.tasks.sweep_webhooks": SWEEP_INTERVAL_SECONDS,
        "media_store.tasks.finish_destroyed": DESTRUCTION_INTERVAL_SECONDS,
        "media_store.tasks.fetch_due": FETCH_INTERVAL_SECONDS,
        "media_store.tasks.purge_expired": PURGE_INTERVAL_SECONDS,
        "media_store.tasks.collect": COLLECT_INTERVAL_SECONDS,
        "media_store.tasks.apply_retention_rules": SWEEP_INTERVAL_SECONDS,
        "media_store.tasks.announce_expiring": SWEEP_INTERVAL_SECONDS,
        "media_store.tasks.sweep_windows": SWEEP_INTERVAL_SECONDS,
        "media_store.tasks.sweep_spool": SWEEP_INTERVAL_SECONDS,
        "media_store.tasks.note_unreferenced": UNREFERENCED_INTERVAL_SECONDS,
    }.items()
}
