"""Django's settings. The environment is read here, through `stt_web.core.env`, and nowhere else.

`docs/operating.md` lists every variable.
"""

import contextlib
import os
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from stt_web.beat_schedule import make_beat_schedule
from stt_web.core.broker_url import read_broker_options
from stt_web.core.database_url import read_database_url
from stt_web.core.email_url import read_email_url
from stt_web.core.env import (
    check_at_least,
    check_together,
    read_address,
    read_bool,
    read_choice,
    read_env_text,
    read_float,
    read_int,
    read_list,
    read_networks,
    read_path,
    read_secret,
)
from stt_web.core.logs import logging_config
from stt_web.core.running_system import RunningSystem, find_running
from stt_web.core.s3_settings import read_media_storage, read_url_s
from transcripts.dialects import CALLBACK_BODIES, ERROR_SHAPES  # noqa: F401  # settings, too

# What this system writes (database, recordings, secrets) is its user's alone to read.
os.umask(0o077)
BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = read_path("STT_DATA_DIR", BASE_DIR / "var")
DATA_DIR.mkdir(parents=True, exist_ok=True)
with contextlib.suppress(PermissionError):  # another user's folder: how open it is, they decide
    DATA_DIR.chmod(0o700)  # one of a time before the umask

DEBUG = read_bool("STT_DEBUG", default=False)
SECRET_KEY = read_secret("STT_SECRET_KEY", generated=DATA_DIR / "secret-key")
# For secrets that are stored encrypted, newest first; the secret key opens what was there before.
ENCRYPTION_KEYS = read_list("STT_ENCRYPTION_KEYS")
HOST = read_env_text("STT_HOST", "127.0.0.1")
PORT = read_int("PORT", 8000, at_least=1)
ALLOWED_HOSTS = read_list("STT_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = read_list("STT_CSRF_TRUSTED_ORIGINS")
# What people's browsers call this server: where links in mails lead. Empty: as they were asked.
PUBLIC_URL = read_env_text("STT_PUBLIC_URL", "").rstrip("/")
if PUBLIC_URL:
    CSRF_TRUSTED_ORIGINS = [*CSRF_TRUSTED_ORIGINS, PUBLIC_URL]
# Over TLS only, where the server is reached so; browsers then take the cookies from this host only,
# independent of cookies of neighbours on the same domain. Elsewhere `ProtectionLayer` adds Secure.
_IS_TLS = PUBLIC_URL.startswith("https://")
_HOST_COOKIE = "__Host-" if _IS_TLS else ""
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = _IS_TLS
SESSION_COOKIE_NAME = f"{_HOST_COOKIE}sessionid"
CSRF_COOKIE_NAME = f"{_HOST_COOKIE}csrftoken"
LANGUAGE_COOKIE_NAME = f"{_HOST_COOKIE}django_language"
LANGUAGE_COOKIE_SAMESITE = "Lax"
DEVICE_COOKIE_NAME = f"{_HOST_COOKIE}stt_device"
SHARE_COOKIE_NAME = "__Secure-shared_pass" if _IS_TLS else "shared_pass"  # of one path
SESSION_ENGINE = "stt_web.core.sessions"
SESSION_COOKIE_AGE = 14 * 24 * 3600  # from the log-in on
SESSION_IDLE_S = read_int("STT_SESSION_IDLE_HOURS", 72, at_least=1) * 3600  # without a request
# Whose X-Forwarded-For and X-Forwarded-Proto are believed.
TRUSTED_PROXIES = read_networks("STT_TRUSTED_PROXIES")
# Connections of one web process, of which an address that is no trusted proxy's has so many.
MAX_CONNECTIONS = read_int("STT_MAX_CONNECTIONS", 2000, at_least=1)
MAX_CONNECTIONS_PER_ADDRESS = read_int("STT_MAX_CONNECTIONS_PER_ADDRESS", 500, at_least=1)
# Another server that recordings are fetched from (`https://…`), for the pages' security policy.
STORAGE_ORIGIN = read_env_text("STT_STORAGE_ORIGIN", "")

INSTALLED_APPS = [
    "stt_web.admin_config.OperatorAdminConfig",
    # `manage.py runserver` serves with it, sockets too. Not in a deployment, where uvicorn serves.
    *(["daphne"] if find_spec("daphne") else []),
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "channels",
    "accounts",  # before allauth: its templates come first
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "billing",
    "transcripts",
    "stt_web.operations",
]
# Asynchronous all of them: one synchronous middleware, and each waiting request holds a thread
# (that is why WhiteNoise serves as a view: `stt_web.static`). Security headers: `ProtectionLayer`.
MIDDLEWARE = [
    "stt_web.core.routes.RouteMiddleware",
    "billing.api.throttling.RateLimitHeadersMiddleware",
    "stt_web.core.caching.NoStoreMiddleware",
    "stt_web.core.error_responses.ApiErrorMiddleware",
    "stt_web.core.input_checks.RefuseUnstorableMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
ROOT_URLCONF = "stt_web.urls"
ASGI_APPLICATION = "stt_web.asgi.application"
CSRF_FAILURE_VIEW = "stt_web.core.error_responses.answer_csrf_failure"
# Web processes (`stt_web.core.garbage`). Tests share a process whose full collections take seconds.
COLLECT_SELDOM = True
# Threads for synchronous code, shared by all requests; each may hold a database connection.
WEB_THREADS = read_int("STT_WEB_THREADS", 8, at_least=1)
APPEND_SLASH = False  # an API path without its slash is a 404 in the one error shape
# The packages of `transcripts` that have pages: each holds its own templates and static files.
ROOMS = [
    BASE_DIR / "transcripts" / name
    for name in (
        "pages",
        "comments",
        "editing",
        "enhancement",
        "exports",
        "gaps",
        "glossary",
        "intelligence",
        "live",
        "retention",
        "review",
        "sharing",
        "uploads",
        "voices",
        "webhooks",
    )
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "DIRS": [BASE_DIR / "stt_web" / "templates", *(room / "templates" for room in ROOMS)],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "stt_web.core.asgi.protection.offer_nonce",
            ]
        },
    }
]

DATABASES = {
    "default": read_database_url(
        read_env_text("STT_DATABASE_URL", f"sqlite://{DATA_DIR / 'stt.sqlite3'}")
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.User"
# allauth's backend checks verified addresses and counts failures.
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "start"
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True  # in the browser that signed up, nowhere else
ACCOUNT_EMAIL_NOTIFICATIONS = True  # a changed password is reported by mail
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_FORMS = {"signup": "accounts.pages.entrance.EqualWorkSignupForm"}
ACCOUNT_CHANGE_EMAIL = True  # one address an account; a new one counts once it is verified
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False  # this session stays; all others end with the password
MFA_ADAPTER = "accounts.adapters.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Open STT"
# Whether everyone may sign up, or only people whom an operator adds.
IS_SIGNUP_OPEN = read_bool("STT_SIGNUP_OPEN", default=True)

# Counts of failed log-ins: must be seen by every process, so never in one process's memory.
_CACHE_URL = read_env_text("STT_CACHE_URL", "")
CACHES: dict[str, dict[str, object]] = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": _CACHE_URL,
        "OPTIONS": {
            "socket_timeout": 2.0,
            "socket_connect_timeout": 2.0,
        },  # a frozen one holds none
    }
    if _CACHE_URL
    else {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "accounts_cache",
        # Django's default of 300 would let a client push counts out by making others.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

# Mail is stored in the transaction of its event, and sent by a worker (`accounts.mail.outbox`).
globals().update(read_email_url(read_env_text("STT_EMAIL_URL", "")))
# Whether mail that is printed, for want of a mail server, shows its links: they open accounts, and
# what a process prints is a log unless it is a terminal.
CONSOLE_MAIL_LINKS = read_bool("STT_CONSOLE_MAIL_LINKS", default=DEBUG)
LOCAL_LINKS = read_bool("STT_LOCAL_LINKS", default=False)  # on a page: `accounts.this_machine`
DEFAULT_FROM_EMAIL = SERVER_EMAIL = read_env_text(
    "STT_EMAIL_FROM", f"Open STT <noreply@{urlsplit(PUBLIC_URL).hostname or 'localhost'}>"
)
# Minutes (free ones and credits together) below which an account is notified that they run low.
CREDITS_LOW_MINUTES = read_int("STT_CREDITS_LOW_MINUTES", 30)

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("cs", "Čeština")]
FORMAT_MODULE_PATH = "stt_web.formats"
LOCALE_PATHS = [BASE_DIR / "stt_web" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STORAGES: dict[str, dict[str, object]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "stt_web.static.VersionedStorage"},
}
# Served out of the applications' folders: no collectstatic.
WHITENOISE_USE_FINDERS = True
# A room's files have the address that they have in the repository, so that what one script imports
# of another is the same for a browser, for Node.js and for tsc.
STATICFILES_DIRS = [
    BASE_DIR / "stt_web" / "static_files",
    *(
        (f"transcripts/{room.name}/static", room / "static")
        for room in ROOMS
        if (room / "static").is_dir()
    ),
]
# One folder an upload lies below; shared by web and workers, unless there is a bucket: then it is
# where a machine works, with copies of at most so many bytes (`stt_web.core.media_store`).
MEDIA_ROOT = read_path("STT_MEDIA_DIR", DATA_DIR / "media")
if _media_storage := read_media_storage():
    STORAGES["media"] = _media_storage
MEDIA_CACHE_BYTES = int(read_float("STT_MEDIA_CACHE_GB", 20.0) * 1e9)
# How a player gets a recording out of the bucket: through us, or from there by a signed address.
S3_SERVE = read_choice("STT_S3_SERVE", "proxy", ("proxy", "redirect"))
S3_URL_S = read_url_s()
if S3_SERVE == "redirect":
    check_together("STT_S3_SERVE=redirect", S3_SERVE, "STT_STORAGE_ORIGIN", STORAGE_ORIGIN)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.permissions.PrincipalAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.permissions.HasScope"],
    "DEFAULT_THROTTLE_CLASSES": ["billing.api.throttling.PlanThrottle"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["stt_web.core.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "stt_web.openapi.ApiSchema",
    "EXCEPTION_HANDLER": "stt_web.core.error_responses.handle_api_exception",
    "DEFAULT_PAGINATION_CLASS": "stt_web.core.pagination.PageNumberPagination",
}
SPECTACULAR_SETTINGS: dict[str, object] = {
    "TITLE": "Speech to text",
    "DESCRIPTION": "Recordings in, transcripts out. Errors have one shape: `error` and `code`.",
    "VERSION": "0.1.0",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/(api/)?v1",
    "POSTPROCESSING_HOOKS": ["stt_web.openapi.document_common_answers"],
}

# Payments: on where both keys are set. The address is another one in tests only.
STRIPE_SECRET_KEY = read_env_text("STT_STRIPE_SECRET_KEY", "")
STRIPE_WEBHOOK_SECRET = read_env_text("STT_STRIPE_WEBHOOK_SECRET", "")
STRIPE_API_BASE = read_env_text("STT_STRIPE_API_BASE", "https://api.stripe.com")
# The seller on invoices. `\n` in the address begins a new line.
SELLER_NAME = read_env_text("STT_SELLER_NAME", "")
SELLER_ADDRESS = read_env_text("STT_SELLER_ADDRESS", "").replace("\\n", "\n")
SELLER_VAT_ID = read_env_text("STT_SELLER_VAT_ID", "")
SELLER_VAT_PERCENT = read_float("STT_SELLER_VAT_PERCENT", 0.0)

# Inference: one name, or several addresses, over which the client balances. Where none is set, the
# service of the system that `make run` runs on this folder, if there is one.
INFERENCE_TARGET = read_env_text("STT_INFERENCE_TARGET", "")
_RUNNING = RunningSystem() if INFERENCE_TARGET else find_running(DATA_DIR)
INFERENCE_TARGET = INFERENCE_TARGET or _RUNNING.inference_target or "127.0.0.1:50051"
# What separates speakers where a request leaves it open: "light", "pyannote" for the best diarizer
# of the torch engines, or the id of one.
DIARIZER = read_env_text("STT_DIARIZER", "light")
INFERENCE_TOKEN = read_env_text("STT_INFERENCE_TOKEN", _RUNNING.inference_token)
# TLS with this CA; empty: no TLS.
INFERENCE_CA_FILE = read_env_text("STT_INFERENCE_CA_FILE", _RUNNING.inference_ca_file)

# A job's lease: renewed by a timer, lost after `LEASE_S` without renewal.
LEASE_S = read_float("STT_LEASE_S", 20.0)
HEARTBEAT_S = read_float("STT_HEARTBEAT_S", 3.0)
check_at_least(
    "STT_LEASE_S",
    LEASE_S,
    least=2 * HEARTBEAT_S,
    reason="one renewal that is late loses no lease (twice STT_HEARTBEAT_S)",
)
PROGRESS_DEADLINE_S = read_float("STT_PROGRESS_DEADLINE_S", 900.0)
MAX_STALLED_TRIES = read_int("STT_MAX_STALLED_TRIES", 5, at_least=1)
# A recording up to this long is worked on in the `short` class.
SHORT_RECORDING_MS = read_int("STT_SHORT_RECORDING_MS", 120_000)
SYNC_WAIT_S = read_float("STT_SYNC_WAIT_S", 280.0)
ASR_WAIT_S = read_float("STT_ASR_WAIT_S", 6 * 3600.0)  # of whisper-asr-webservice's clients
JOIN_WINDOW_S = read_int("STT_JOIN_WINDOW_S", 24 * 3600)
# What a web process renders by itself, in less than half a second: two hours of speech or more.
LARGE_TRANSCRIPT_CHARACTERS = 100_000
LARGE_TRANSCRIPT_SEGMENTS = 5_000
LARGE_ANSWER_WAIT_S = 45.0  # for a worker; less than a proxy waits for the next byte
# Voices are biometric data: how long speakers can be counted again; 0 stores none.
EMBEDDING_DAYS = read_int("STT_EMBEDDING_DAYS", 30)
# Texts longer than this are worked on by a worker, as a job, also where the request waits for it.
TEXT_JOB_CHARACTERS = read_int("STT_TEXT_JOB_CHARACTERS", 20_000, at_least=1)
MAX_OPEN_TEXT_JOBS = read_int("STT_MAX_OPEN_TEXT_JOBS", 200, at_least=1)  # of one account
# Work on a text waits so long for an inference service that is away, then twice as long, ….
TEXT_RETRY_S = read_float("STT_TEXT_RETRY_S", 5.0)
# Texts of one account that are being spoken or wait for it, with async=true.
MAX_OPEN_VOICE_JOBS = read_int("STT_MAX_OPEN_VOICE_JOBS", 50, at_least=1)
# Speech that was made here is signed with this certificate (C2PA), else with one of our own.
C2PA_CERT = read_env_text("STT_C2PA_CERT", "")
C2PA_KEY = read_env_text("STT_C2PA_KEY", "")
check_together("STT_C2PA_CERT", C2PA_CERT, "STT_C2PA_KEY", C2PA_KEY)
# What one account may have waiting and running, with async=true.
MAX_OPEN_TRANSCRIPTS = read_int("STT_MAX_OPEN_TRANSCRIPTS", 500, at_least=1)

# Resumable uploads, and recordings that are fetched from their address (`url=`).
UPLOAD_HOURS = read_int("STT_UPLOAD_HOURS", 24, at_least=1)  # after the last byte
MAX_OPEN_UPLOADS = read_int("STT_MAX_OPEN_UPLOADS", 100, at_least=1)  # of one account
FETCH_ALLOWED_NETWORKS = read_networks("STT_FETCH_ALLOWED_NETWORKS")
FETCH_TIMEOUT_S = read_int("STT_FETCH_TIMEOUT_S", 3600, at_least=1)

# Live sessions. A lost socket leaves its session resumable for so long.
LIVE_PAUSE_S = read_float("STT_LIVE_PAUSE_S", 60.0)
check_at_least(
    "STT_LIVE_PAUSE_S",
    LIVE_PAUSE_S,
    least=LEASE_S,
    reason="a session is resumed once its old lease has ended (STT_LEASE_S)",
)
LIVE_IDLE_S = read_float("STT_LIVE_IDLE_S", 60.0)
LIVE_MAX_S = read_int("STT_LIVE_MAX_S", 12 * 3600, at_least=1)
LIVE_ANONYMOUS_S = read_int("STT_LIVE_ANONYMOUS_S", 300, at_least=1)
# Audio that may be ahead of what is recognised before its sender has to wait. A backlog is decoded
# in windows of 30 s, and silence is reported every 10 s: with less, a session could wait for
# itself.
LIVE_BACKLOG_S = read_int("STT_LIVE_BACKLOG_S", 60, at_least=45)
# How long an inference service that is away is waited for.
LIVE_RECONNECT_S = read_float("STT_LIVE_RECONNECT_S", 20.0)
# Threads for the database work of the live sessions of one process.
LIVE_THREADS = read_int("STT_LIVE_THREADS", 4, at_least=1)

# Webhooks: addresses that are private and may be called all the same, and plain http.
WEBHOOK_ALLOWED_NETWORKS = read_networks("STT_WEBHOOK_ALLOWED_NETWORKS")
WEBHOOK_ALLOW_HTTP = read_bool("STT_WEBHOOK_ALLOW_HTTP", default=False)
# A receiver has so long to answer; after twice that a worker that sends counts as dead.
WEBHOOK_TIMEOUT_S = read_int("STT_WEBHOOK_TIMEOUT_S", 15, at_least=1)

BROKER_FOLDER = DATA_DIR / "broker"
CELERY_BROKER_URL = read_env_text("STT_BROKER_URL", "filesystem://localhost//")
CELERY_BROKER_TRANSPORT_OPTIONS = read_broker_options(CELERY_BROKER_URL, folder=BROKER_FOLDER)
# Workers and beat log as the web does: LOGGING decides.
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE = "housekeeping"
# Long recordings never hold the slots that a clip or the sweeper needs: a queue, and workers, each.
CELERY_TASK_CREATE_MISSING_QUEUES = True
CELERY_BEAT_SCHEDULE = make_beat_schedule(sweep_s=read_float("STT_SWEEP_S", 5.0))
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")

# Every export states that a machine wrote it, and whether a person has corrected it since.
EXPORT_NOTICE = read_bool("STT_EXPORT_NOTICE", default=True)

_CHANNEL_URL = read_env_text("STT_CHANNEL_LAYER_URL", "")
CHANNEL_LAYERS: dict[str, dict[str, object]] = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        # Members renew themselves every few seconds (`stt_web.core.wakeups`).
        "CONFIG": {"hosts": [_CHANNEL_URL], "expiry": 10, "group_expiry": 60, "capacity": 1000},
    }
    if _CHANNEL_URL
    else {"BACKEND": "channels.layers.InMemoryChannelLayer"}
}

# Where each process of the web tier is scraped; empty: off. Never the public port.
METRICS_LISTEN = read_address("STT_METRICS_LISTEN")
# Where traces are sent (OTLP over HTTP); empty: there are none. And the share that is traced.
OTLP_URL = read_env_text("STT_OTLP_URL", "").rstrip("/")
TRACE_RATIO = read_float("STT_TRACE_RATIO", 1.0)

LOG_LEVEL = read_choice("STT_LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOGGING = logging_config(LOG_LEVEL)
