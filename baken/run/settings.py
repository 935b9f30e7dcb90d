"""Django's settings, from the environment alone."""

from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from baken.record.policies import PROGRAM
from baken.run import configuration, files, kept, keyring

BASE = Path(__file__).resolve().parent.parent


def database(address: str, *, role: str = "", pool: bool = True) -> dict[str, object]:
    """Django's settings for a postgresql:// address. Raises ConfigurationError for any other kind.

    role: as whom a connection begins, and what it falls back to; empty for whoever logs in.
    """
    parts = urlsplit(address)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise configuration.ConfigurationError("DATABASE_URL: only postgresql://user:password@host:port/name works")
    options: dict[str, object] = dict(parse_qsl(parts.query))
    host = options.pop("host", None) or unquote(parts.hostname or "")
    if role:
        options["options"] = f"{options.get('options', '')} -c role={role}".strip()
    if pool:
        options["pool"] = {"min_size": 1, "max_size": 10, "timeout": 10}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "baken",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
        "DISABLE_SERVER_SIDE_CURSORS": False,
    }


SECRET_KEY, *SECRET_KEY_FALLBACKS = kept.session_keys()
DEBUG = configuration.flag("BAKEN_DEBUG", default=False)
BAKEN_URL = configuration.url()
BAKEN_HOME = configuration.home()
BAKEN_LIMITS = configuration.limits()
BAKEN_STRICT = configuration.flag("BAKEN_STRICT", default=False)
BAKEN_ALLOW_PRIVATE = configuration.flag("BAKEN_ALLOW_PRIVATE", default=True)
BAKEN_SECOND_FACTOR = configuration.choice("BAKEN_SECOND_FACTOR", configuration.SECOND_FACTOR)
BAKEN_OPENID = "baken.run.openid.IdentityProviders"
BAKEN_TRUSTED_PROXIES = configuration.networks("BAKEN_TRUSTED_PROXIES")
BAKEN_OPENID_PRIVATE = configuration.flag("BAKEN_OPENID_PRIVATE", default=False)
_public = urlsplit(BAKEN_URL)
ALLOWED_HOSTS = [_public.hostname or "localhost", "localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]
SESSION_ENGINE = "baken.record.people.session_store"
SESSION_COOKIE_AGE = configuration.number("BAKEN_SESSION_HOURS", 12, 1, 720) * 3_600
BAKEN_SESSION_IDLE = configuration.number("BAKEN_SESSION_IDLE", 60, 15, 43_200) * 60
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _public.scheme == "https"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
BAKEN_THEME_COOKIE, BAKEN_DEVICE_COOKIE = "theme", "device"
if SESSION_COOKIE_SECURE:  # names that a browser takes from this host alone, not from a neighbour under the same domain
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
    LANGUAGE_COOKIE_NAME, BAKEN_THEME_COOKIE = "__Host-language", "__Host-theme"
    BAKEN_DEVICE_COOKIE = "__Host-device"
# With a certificate of our own every request comes by https, whatever a header claims.
_told = _public.scheme == "https" and configuration.own_url().startswith("http:")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _told else None
SECURE_HSTS_SECONDS = 31_536_000 if _public.scheme == "https" else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "baken.show.web.errors.untrusted"

_address = configuration.secret("DATABASE_URL") or "postgresql:///baken"
DATABASES = {
    "default": database(_address, role=PROGRAM),
    # Changes of the schema alone; the processes that serve are not told how to log in as the owner.
    "owner": database(configuration.secret("DATABASE_OWNER_URL") or _address, pool=False),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "baken.record.orgs",
    "baken.record.ledger",
    "baken.record.people",
    "baken.record.looks",
    "baken.record.catalogue",
    "baken.record.incidents",
    "baken.record.complaints",
    "baken.record.monitors",
    "baken.record.recovery",
    "baken.record.audits",
    "baken.record.detection",
    "baken.record.clocks",
    "baken.record.reports",
    "baken.record.privacy",
    "baken.show.web",
    "baken.show.api",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "baken.show.web.middleware.ContentSecurityPolicy",
    "baken.run.hosts.Hosts",
    "baken.run.crowd.Crowd",
    "baken.show.web.middleware.Door",
    "baken.show.web.middleware.Unopened",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "baken.show.web.pace.Pace",
    "baken.show.web.middleware.Uploads",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "baken.show.web.middleware.Reader",
    "baken.show.web.middleware.Looks",
]
ROOT_URLCONF = "baken.run.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "baken.show.web.context.page",
            ],
        },
    }
]

BAKEN_ROOT_KEY = keyring.root
BAKEN_TOMBSTONES = configuration.tombstones()

AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = ["baken.record.people.reads.EmailBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
     "OPTIONS": {"user_attributes": ("email", "name")}},
    {"NAME": "baken.record.people.passwords.OwnWords"},
    {"NAME": "baken.record.people.passwords.Leaked"},
]  # fmt: skip
BAKEN_LEAKED_PASSWORDS = configuration.existing("BAKEN_LEAKED_PASSWORDS")
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/sign-in/"

LANGUAGE_CODE = "en"
LANGUAGES = [("nl", "Nederlands"), ("en", "English")]
LOCALE_PATHS = [BASE / "show/locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = BAKEN_HOME / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},  # nothing is stored there
    "staticfiles": {"BACKEND": "baken.run.assets.HashedFiles"},
    **files.storages(),
}
BAKEN_FILES = files.chosen()
BAKEN_FILE_LIMIT = files.limit()
BAKEN_SCANNER = files.scanner()
BAKEN_SCANNER_MAY_FAIL = files.scanner_may_fail()
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000  # of everything in a request but files
FILE_UPLOAD_HANDLERS = ["baken.show.files.Sealing"]  # none but this one: others put what they get on a disk
MESSAGE_STORAGE = "baken.show.web.messages.Messages"  # in a cookie: they name people, so not into the database
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "baken.run.lines.Line"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    # A refused address is what somebody typed.
    "loggers": {
        "django.request": {"level": "ERROR"},
        "django.security.csrf": {"level": "ERROR"},
        "fido2": {"level": "WARNING"},  # it names every passkey that is used
    },
}
