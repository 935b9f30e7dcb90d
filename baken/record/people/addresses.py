"""The codes by which people's e-mail addresses are looked up, made anew when the index key is replaced."""

from collections.abc import Sequence
from uuid import UUID

from baken.record.orgs.keys import KeysErased, UnknownKey
from baken.record.orgs.sealing import Unsealable
from baken.record.orgs.search import address_key
from baken.record.people.models import User


def key_again(ids: Sequence[UUID]) -> None:
    """Let people be looked up by the present index key. Those whose address does not open keep the code they have."""
    for user in User.objects.select_for_update().filter(id__in=ids).order_by("id"):
        if address := _address(user):
            User.objects.filter(id=user.id).update(email_key=address_key(address))


def _address(user: User) -> str:
    try:
        return user.email
    except (KeysErased, UnknownKey, Unsealable):
        return ""
