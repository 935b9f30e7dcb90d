"""What is said once on the next page travels in a signed cookie, since it names people: not into the database."""

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage


class Messages(CookieStorage):
    """Django's storage, under a name that a browser takes from this host alone where cookies are marked secure."""

    cookie_name = "__Host-messages" if settings.SESSION_COOKIE_SECURE else "messages"
