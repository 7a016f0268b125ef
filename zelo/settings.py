"""Settings of the platform, all from the environment; `docs/deploy.md` lists every variable."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from django.utils.translation import gettext_lazy

from zelo.adapters.home import home_folder, kept_secret

BASE_DIR = Path(__file__).resolve().parent
HOME = home_folder()
"""Folder of everything that zelo keeps by itself: the private database, the lake, its secret."""


def _flag(name: str, default: str = "") -> bool:
    return os.environ.get(name, default).lower() in ("1", "true", "yes", "on")


def _listed(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


def database(url: str, *, pool: int, statement_ms: int) -> dict[str, object]:
    """Return Django's description of the database at a URL, with time-outs on statements and locks."""
    parts = urlsplit(url)
    timeouts = {
        "statement_timeout": statement_ms,
        "lock_timeout": 10_000,
        "idle_in_transaction_session_timeout": 60_000,
    }
    options: dict[str, object] = dict(parse_qsl(parts.query))
    options["options"] = " ".join(f"-c {name}={value}" for name, value in timeouts.items())
    options["application_name"] = os.environ.get("ZELO_PROCESS", "zelo")
    options["connect_timeout"] = 10
    if pool:
        options["pool"] = {"min_size": 1, "max_size": pool, "timeout": 5}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/") or "zelo",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
        "CONN_HEALTH_CHECKS": True,
        "CONN_MAX_AGE": 0 if pool else None,
        "TEST": {"NAME": None},
    }


def company_log_in(environment: Mapping[str, str]) -> dict[str, object]:
    """Return allauth's description of the company's OpenID Connect provider; of none without `OIDC_URL`."""
    one: dict[str, object] = {
        "provider_id": "oidc",
        "name": environment.get("OIDC_NAME", "OpenID Connect"),
        "client_id": environment.get("OIDC_CLIENT_ID", ""),
        "secret": environment.get("OIDC_SECRET", ""),
        "settings": {"server_url": environment.get("OIDC_URL", ""), "oauth_pkce_enabled": True},
    }
    apps = [one] if environment.get("OIDC_URL") else []
    return {"openid_connect": {"provider_class": "zelo.web.company.CompanyProvider", "APPS": apps}}


# ------------------------------------------------------------------------------------------------- where things are
DATABASES = {
    "default": database(
        os.environ.get("DATABASE_URL", "postgresql:///zelo"),
        pool=int(os.environ.get("ZELO_DB_POOL", "0")),
        statement_ms=int(os.environ.get("ZELO_STATEMENT_MS", "20000")),
    )
}
LAKE = os.environ.get("LAKE") or str(HOME / "lake")
"""A folder, or `s3://bucket/prefix`."""
KAFKA_BOOTSTRAP = os.environ.get("KAFKA_BOOTSTRAP", "")
KAFKA_TOPIC_IN = os.environ.get("KAFKA_TOPIC_IN", "zelo.events")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ---------------------------------------------------------------------------------------------------------- secrets
SECRET_KEY = os.environ.get("ZELO_SECRET") or kept_secret(HOME, "secret")
AUDIT_KEY = os.environ.get("ZELO_AUDIT_KEY") or kept_secret(HOME, "audit_key")
"""Keys the hash chain of the audit trail: who can write to the database but has not got it cannot forge an entry."""
SECRET_KEY_FALLBACKS = _listed("ZELO_SECRET_OLD")

# ----------------------------------------------------------------------------------------------------------- limits
EVENTS_PER_CALL_MAX = 5_000
EVENT_BYTES_MAX = 256 * 1024
BODY_BYTES_MAX = 8 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = BODY_BYTES_MAX
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1_000
FILE_UPLOAD_MAX_MEMORY_SIZE = BODY_BYTES_MAX
BACKLOG_MAX = int(os.environ.get("ZELO_BACKLOG_MAX", "200000"))
"""Undecided events from which on no more are accepted: 503 with Retry-After."""
DECIDE_WAITING_MAX = int(os.environ.get("ZELO_DECIDE_WAITING_MAX", "24"))
"""Calls of one process that may wait for a decision at once; more are told 429."""
DECIDE_TIMEOUT_S = float(os.environ.get("ZELO_DECIDE_TIMEOUT_S", "5"))
EVENTS_KEPT_DAYS = int(os.environ.get("ZELO_EVENTS_KEPT_DAYS", "30"))
"""How long events stay in the log after they are in the lake; so long their ids are known."""

# ------------------------------------------------------------------------------------------------------ application
DEBUG = _flag("ZELO_DEBUG")
PUBLIC_URL = os.environ.get("ZELO_URL", "")
"""Address people use, as `https://zelo.example`: for links, cookies and origins."""
_secure = PUBLIC_URL.startswith("https://")
ALLOWED_HOSTS = _listed("ZELO_HOSTS") or ([urlsplit(PUBLIC_URL).hostname or ""] if PUBLIC_URL else ["*"])
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL else []
ROOT_URLCONF = "zelo.web.urls"
WSGI_APPLICATION = "zelo.web.wsgi.application"
SITE_NAME = "zelo"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.mfa",
    "allauth.usersessions",
    "django_htmx",
    "ninja",
    "zelo",
]
MIDDLEWARE = [
    "zelo.web.requests.RequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "zelo.web.headers.HeadersMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "zelo.web.language.LanguageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "zelo.web.errors.ErrorsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "web" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "zelo.web.frame.frame",
            ],
            "libraries": {"zelo_tags": "zelo.web.tags.texts", "form_tags": "zelo.web.tags.forms"},
        },
    }
]

# ---------------------------------------------------------------------------------------------------------- log-in
AUTH_USER_MODEL = "zelo.Person"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "zelo.web.entrance.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "zelo.web.entrance.SocialAccountAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
ACCOUNT_USER_MODEL_USERNAME_FIELD = "username"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if _secure else "http"
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if _flag("ZELO_BEHIND_PROXY") else 0
MFA_ADAPTER = "zelo.web.second_factor.SecondFactorAdapter"
MFA_ALLOW_UNVERIFIED_EMAIL = True  # an administrator gave the address
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = SITE_NAME
SOCIALACCOUNT_PROVIDERS = company_log_in(os.environ)
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_NAME = "zelo_session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = _secure
CSRF_COOKIE_NAME = "zelo_csrf"
CSRF_COOKIE_SECURE = _secure
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"

# --------------------------------------------------------------------------------------------------------- security
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if _secure else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _flag("ZELO_BEHIND_PROXY") else None
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'"],
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
    "manifest-src": ["'self'"],
    "form-action": ["'self'", *([os.environ["OIDC_URL"]] if os.environ.get("OIDC_URL") else [])],
    "frame-ancestors": ["'none'"],
    "base-uri": ["'none'"],
}
"""Directive to sources; nothing unsafe, nothing from elsewhere."""

# -------------------------------------------------------------------------------------------------------- languages
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", gettext_lazy("English")), ("pt-br", gettext_lazy("Brazilian Portuguese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_NAME = "zelo_language"
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"

# ----------------------------------------------------------------------------------------------------- static files
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "web" / "static"]
STATIC_ROOT = HOME / "static" if (HOME / "static").is_dir() else None
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

# ------------------------------------------------------------------------------------------------------------ other
EMAIL_BACKEND = os.environ.get(
    "ZELO_EMAIL_BACKEND",
    "django.core.mail.backends." + ("smtp" if os.environ.get("EMAIL_HOST") else "console") + ".EmailBackend",
)
EMAIL_HOST = os.environ.get("EMAIL_HOST", "")
EMAIL_PORT = int(os.environ.get("EMAIL_PORT", "587"))
EMAIL_HOST_USER = os.environ.get("EMAIL_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_PASSWORD", "")
EMAIL_USE_TLS = True
DEFAULT_FROM_EMAIL = os.environ.get("EMAIL_FROM", "zelo@localhost")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
LOGGING_CONFIG = None
SILENCED_SYSTEM_CHECKS = ["security.W004", "security.W008", "security.W012", "security.W016", "security.W021"]
