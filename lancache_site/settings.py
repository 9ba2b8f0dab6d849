"""Every setting, read once from the environment. README lists them."""

import hashlib
import os
import secrets
import tempfile
import zoneinfo
from pathlib import Path
from typing import Any

import environ
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from lancache_site.addresses import own_names
from lancache_site.unfold import UNFOLD as UNFOLD  # read by unfold as a setting

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent


def whole_number(name: str, default: int, most: int = 2**31 - 1) -> int:
    """Return the setting ``name``, and refuse what is no number from 0 to ``most``."""
    text = env.str(name, default="") or str(default)
    if not (text.isascii() and text.isdigit() and int(text) <= most):
        raise ImproperlyConfigured(
            f"{name} must be a whole number from 0 to {most}, not {text!r}"
        )
    return int(text)


# --- Where things lie -------------------------------------------------------------
DATA_DIR = Path(env.str("DATA_DIR", default="") or BASE_DIR / "var").absolute()


def secret_key() -> str:
    """Return the key made once under DATA_DIR: secrets are made, not shipped."""
    path = DATA_DIR / "secret_key"
    try:
        DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            # Linked into place when complete: another process may look at any moment.
            with tempfile.NamedTemporaryFile("w", dir=DATA_DIR) as made:
                made.write(secrets.token_urlsafe(50))
                made.flush()
                os.link(made.name, path)
    except FileExistsError:
        pass  # another process was quicker
    except OSError as error:
        raise ImproperlyConfigured(
            f"DATA_DIR {DATA_DIR} can't be written: {error.strerror}"
        ) from error
    return path.read_text()


SECRET_KEY = env.str("SECRET_KEY", default="") or secret_key()
DEBUG = False
HOST = env.str("HOST", default="") or "0.0.0.0"
PORT = whole_number("PORT", 8000, most=65535)
LANCACHE_LOG_DIR = env.str("LANCACHE_LOG_DIR", default="")

# --- Live bandwidth ----------------------------------------------------------------
LANCACHE_INTERFACE = env.str("LANCACHE_INTERFACE", default="")
HOST_PROC = env.str("HOST_PROC", default="")
BANDWIDTH_SAMPLE_INTERVAL = whole_number("BANDWIDTH_SAMPLE_INTERVAL", 1000)  # ms
if not 200 <= BANDWIDTH_SAMPLE_INTERVAL <= 60_000:
    raise ImproperlyConfigured(
        "BANDWIDTH_SAMPLE_INTERVAL must be from 200 to 60000 milliseconds"
    )
TEN_SECONDS_RETENTION_HOURS = whole_number("TEN_SECONDS_RETENTION_HOURS", 48)
MINUTE_RETENTION_DAYS = whole_number("MINUTE_RETENTION_DAYS", 400)

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[]) or own_names()
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

# --- Retention and reading --------------------------------------------------------
BUCKET_RETENTION_DAYS = whole_number("BUCKET_RETENTION_DAYS", 14)
SESSION_RETENTION_DAYS = whole_number("SESSION_RETENTION_DAYS", 365)
DOWNLOAD_RETENTION_DAYS = whole_number("DOWNLOAD_RETENTION_DAYS", 0)  # 0: for good
RUN_RETENTION_DAYS = whole_number("RUN_RETENTION_DAYS", 14)
REJECTED_LINES_KEPT = whole_number("REJECTED_LINES_KEPT", 1000)

# --- Database ---------------------------------------------------------------------
DATABASE_URL = env.str("DATABASE_URL", default="")
SQLITE_OPTIONS = {
    # Without IMMEDIATE a reader that turns writer fails at once.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
    " PRAGMA cache_size=-16000; PRAGMA journal_size_limit=67108864;"
    # 40 MB of log between two write-backs, not 4: pages of indexes change again and
    # again while much is written.
    " PRAGMA wal_autocheckpoint=10000;",
}
DATABASES: dict[str, dict[str, Any]]
if not DATABASE_URL:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": DATA_DIR / "lancache.sqlite3",
            "CONN_MAX_AGE": None,
            "OPTIONS": SQLITE_OPTIONS,
        }
    }
elif DATABASE_URL.startswith(("postgres://", "postgresql://")):
    try:
        DATABASES = {"default": env.db_url_config(DATABASE_URL)}
    except ValueError:
        # Its text could hold the password.
        raise ImproperlyConfigured("DATABASE_URL can't be understood") from None
    DATABASES["default"].setdefault("CONN_MAX_AGE", 60)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)
else:
    raise ImproperlyConfigured(
        "DATABASE_URL must look like postgres://USER:PASSWORD@HOST:PORT/NAME;"
        " leave it out for SQLite under DATA_DIR"
    )
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis: broker, channel layer, cache ------------------------------------------
# The kernel takes no socket path over 107 bytes: with a long DATA_DIR the socket lies
# in a directory of our own beside the system's temporary files (`up` makes it).
BROKER_SOCKET = DATA_DIR / "broker.sock"
if len(os.fsencode(BROKER_SOCKET)) > 100:
    digest = hashlib.sha256(os.fsencode(DATA_DIR)).hexdigest()[:16]
    BROKER_SOCKET = Path(f"/tmp/lancache-{os.getuid()}-{digest}/broker.sock")
REDIS_URL = env.str("REDIS_URL", default="")
EMBEDDED_BROKER = not REDIS_URL
if EMBEDDED_BROKER:
    REDIS_URL = f"unix://{BROKER_SOCKET}"
elif not REDIS_URL.startswith(("redis://", "rediss://", "unix://")):
    raise ImproperlyConfigured(
        "REDIS_URL must start with redis://, rediss:// or unix://"
    )
# Celery spells a unix socket in its own way.
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_TASK_IGNORE_RESULT = True
CELERY_RESULT_EXPIRES = None  # or beat would schedule a clean-up of results
CELERY_TASK_DEFAULT_QUEUE = "lancache"
# Whatever writes in bulk: let one worker listen to it. SQLite serves writers unfairly,
# and two that correlate at once would only wait for each other.
CELERY_TASK_ROUTES = {
    "ingest.tasks.*": {"queue": "lancache-writing"},
    "downloads.tasks.*": {"queue": "lancache-writing"},
    "bandwidth.tasks.*": {"queue": "lancache-writing"},
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False  # threads can't be
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "lancache_site.scheduler:Scheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 1  # the shortest schedule is one second
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL]},
    }
}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "lancache",
        # A page must not wait for a Redis that does not answer.
        "OPTIONS": {"socket_connect_timeout": 2, "socket_timeout": 5},
    }
}

# --- Apps -------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.import_export",
    # Which finds no admin by itself: urls.py does, for the one process that has pages.
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "django_celery_beat",
    "django_htmx",
    "import_export",
    "django_prometheus",
    "bandwidth",
    "downloads",
    "ingest",
    "lancache_site",
]
if "LANCACHE_APPS" in os.environ:  # see lancache_site.processes
    INSTALLED_APPS = os.environ["LANCACHE_APPS"].split()
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "lancache_site.policy.PolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
    "lancache_site.preferences.as_preferred",
]
ROOT_URLCONF = "lancache_site.urls"
ASGI_APPLICATION = "lancache_site.asgi.application"
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
            ],
        },
    },
]
SILENCED_SYSTEM_CHECKS: list[str] = []

# --- Signing in -------------------------------------------------------------------
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "lancache_site.accounts.Backend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
    )
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
# One guesser must not lock the operator out from another machine.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"

# Without it, who may look at a table may import one, too.
IMPORT_EXPORT_IMPORT_PERMISSION_CODE = "change"

# --- What a browser may do ---------------------------------------------------------
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF, NONCE],
    }
}

# --- Language, time, static --------------------------------------------------------
LANGUAGE_CODE = "en-us"
TIME_ZONE = (env.str("TZ", default="") or "UTC").removeprefix(":")
try:
    zoneinfo.ZoneInfo(TIME_ZONE)
except (KeyError, ValueError, OSError) as error:
    raise ImproperlyConfigured(
        f"TZ is no time zone that is known: {TIME_ZONE!r}"
    ) from error
USE_TZ = True
STATIC_URL = "static/"
# Served from where the packages have them: there is nothing to collect.
WHITENOISE_USE_FINDERS = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "axes": {"level": "WARNING"},
        "uvicorn.access": {"level": "WARNING"},
        # Every second a question to each source.
        "httpx": {"level": "WARNING"},
        # Every second a task: what matters is in IngestRun.
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        "django_celery_beat": {"level": "WARNING"},
    },
}
