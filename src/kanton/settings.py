"""Django's settings, all derived from `kanton.config`. Nothing here is meant to be edited by a provider."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from kanton.config import config

BASE_DIR = Path(__file__).resolve().parent

SECRET_KEY = config.secrets.django_key
SECRET_KEY_FALLBACKS = list(config.secrets.django_fallback_keys)
DEBUG = config.debug
# Names are judged in kanton.products.brand.middleware: the provider's own, customers' live ones, and no others. Links
# are built from config.web.address, never from the Host header.
ALLOWED_HOSTS = ["*"]

# The rooms, ground floor first. A room above may import from those before it, never the other way.
ROOMS = [
    "kanton.core",
    "kanton.ui",
    "kanton.activity",
    "kanton.accounts",
    "kanton.accounts.profile",
    "kanton.accounts.apppasswords",
    "kanton.accounts.news",
    "kanton.accounts.factors",
    "kanton.accounts.recovery",
    "kanton.accounts.authenticator",
    "kanton.accounts.access",
    "kanton.organizations",
    "kanton.organizations.branding",
    "kanton.organizations.closing",
    "kanton.organizations.alerts",
    "kanton.organizations.inviting",
    "kanton.organizations.suspension",
    "kanton.organizations.trail",
    "kanton.organizations.departure",
    "kanton.organizations.policies",
    "kanton.support",
    "kanton.support.blocks",
    "kanton.organizations.sso",
    "kanton.organizations.teams",
    "kanton.organizations.correspondents",
    "kanton.products",
    "kanton.products.locking",
    "kanton.catalog",
    "kanton.billing",
    "kanton.billing.bank",
    "kanton.billing.books",
    "kanton.billing.profiles",
    "kanton.billing.papers",
    "kanton.billing.renewals",
    "kanton.billing.reminders",
    "kanton.billing.cancellation",
    "kanton.billing.promotions",
    "kanton.billing.blocking",
    "kanton.billing.forecast",
    "kanton.products.domains",
    "kanton.products.brand",
    "kanton.products.mail",
    "kanton.products.mail.unification",
    "kanton.console",
    "kanton.rest",
    "kanton.rest.oauth",
    "kanton.backoffice",
]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "django_tasks",
    *ROOMS,
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
]

MIDDLEWARE = [
    "kanton.rest.middleware.ApiMiddleware",
    "kanton.console.door.DoorMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "kanton.products.brand.middleware.BrandHostMiddleware",
    "kanton.accounts.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "kanton.ui.policy.ContentSecurityPolicy",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "kanton.accounts.middleware.ActorMiddleware",
    "kanton.accounts.access.middleware.LastSeenMiddleware",
    "kanton.accounts.recovery.middleware.LoginAddressMiddleware",
    "kanton.organizations.middleware.OrganizationMiddleware",
    "kanton.organizations.policies.middleware.PolicyMiddleware",
]

ROOT_URLCONF = "kanton.urls"
WSGI_APPLICATION = "kanton.wsgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "kanton.ui.shell.context",
            ],
            "builtins": ["django.templatetags.i18n", "kanton.ui.templatetags.kanton"],
        },
    }
]

DATABASES: dict[str, dict[str, Any]]
if config.database.is_sqlite:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(config.database.path),
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                # FULL: what was acknowledged survives a power cut (docs/decisions/0003).
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY;"
                "PRAGMA cache_size=-16000; PRAGMA foreign_keys=ON;",
            },
        }
    }
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": config.database.name,
            "HOST": config.database.host,
            "PORT": config.database.port or "",
            "USER": config.database.user,
            "PASSWORD": config.database.password,
            "CONN_MAX_AGE": None,
            "CONN_HEALTH_CHECKS": True,
        }
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
TASKS = {"default": {"BACKEND": "kanton.core.jobs.backend.DatabaseBackend", "QUEUES": []}}

AUTH_USER_MODEL = "accounts.Person"
AUTHENTICATION_BACKENDS = ["kanton.accounts.backend.AddressBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
     "OPTIONS": {"user_attributes": ("email", "first_name", "last_name")}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]  # fmt: skip
LOGIN_URL = "/login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/login"

SESSION_ENGINE = "kanton.accounts.sessions"
SESSION_COOKIE_AGE = config.sign_in.session_days * 24 * 3600
SESSION_COOKIE_NAME = "kanton_session"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = config.web.is_https
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_NAME = "kanton_csrf"
CSRF_FAILURE_VIEW = "kanton.accounts.profile.views.public.csrf_failure"
CSRF_TRUSTED_ORIGINS = [config.web.address] if config.web.is_https else []
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if config.web.is_https else None
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "SAMEORIGIN"
DATA_UPLOAD_MAX_MEMORY_SIZE = config.api.max_body_bytes
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"

USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", _("English")),
    ("de", _("German")),
    ("fr", _("French")),
    ("it", _("Italian")),
    ("es", _("Spanish")),
]
LANGUAGE_COOKIE_NAME = "kanton_language"
LOCALE_PATHS = [str(BASE_DIR / "locale")]

STATIC_URL = "/static/"
STATIC_ROOT = str(config.home / "static")
WHITENOISE_USE_FINDERS = True
# What the build names after its content never changes: browsers keep it for good.
WHITENOISE_IMMUTABLE_FILE_TEST = r"/kanton/dist/.+\.[0-9A-Z]{8}\.\w+$"
WHITENOISE_AUTOREFRESH = DEBUG

DEFAULT_FROM_EMAIL = f"{config.operator.name} <{config.operator.email}>"

ACCOUNT_ADAPTER = "kanton.accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # our own confirmation: kanton.accounts.actions.confirm_address
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = True
MFA_ADAPTER = "kanton.accounts.adapter.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]

# A change that nobody can see is a bug: in tests and development it stops (core.action).
KANTON_STRICT_ACTIONS = DEBUG
# The login address is unique through Person.email_key, which knows spellings that are the same.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": config.log.level.upper()},
    # Jobs are told by kanton.jobs, with their attempt and reason.
    "loggers": {
        "django_tasks": {"level": "CRITICAL"},
        "django.request": {"level": "ERROR"},
        "httpx": {"level": "WARNING"},
    },
}
