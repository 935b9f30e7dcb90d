"""Sign-in storms: somebody tries many accounts from one address, or one account is tried from many addresses.

Counted in the same rows as the tries themselves: a try that fails counts once for its pair of account and address, and
so for the accounts of that address and the addresses of that account. Where a count reaches its limit, the storm is
kept, and a signal on the ledger.
"""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from baken.record.ledger.signals import STORM, raise_once
from baken.record.orgs.fields import LINE
from baken.record.orgs.models import Organisation
from baken.record.orgs.search import address_key
from baken.record.people.access import program
from baken.record.people.acting import acting
from baken.record.people.models import Storm
from baken.record.people.network import counted_as
from baken.record.people.reads import by_email

ACCOUNTS, ADDRESSES = 20, 20
"""So many accounts from one address, or addresses at one account, within a window of `tries` are a storm."""

STORMS = program("storms")
Count = Callable[[str, str], tuple[datetime, int]]


def note(count: Count, *, email: str, address: str | None) -> None:
    """A sign-in failed. count: adds one to what is counted under a kind and a value, and gives since when and how many.

    The first tries after a window has ended begin another storm.
    """
    account, address = address_key(email), counted_as(address)
    if not address or count("pair", f"{account} {address}")[1] > 1:
        return
    _judge(Storm.Way.ADDRESS, address, *count("accounts of", address), ACCOUNTS)
    _judge(Storm.Way.ACCOUNT, _person(email), *count("addresses of", account), ADDRESSES)


def _person(email: str) -> str:
    """The id of whose account it is: their pseudonym, which stays when they are erased; empty for nobody's address.

    The address itself is not kept: it would tell of somebody after they are erased, or of somebody who is not here.
    """
    user = by_email(email)
    return str(user.id) if user else ""


def _judge(way: str, tried: str, began: datetime, number: int, limit: int) -> None:
    provider = Organisation.objects.filter(kind=Organisation.Kind.PROVIDER).first()
    if number == limit and provider is not None:
        _keep(provider, Storm(way=way, tried=tried[:LINE], began=began, number=number))


def _keep(provider: Organisation, storm: Storm) -> None:
    storm.organisation = provider
    data = {"storm": str(storm.id), "way": storm.way, "number": storm.number}
    with acting(STORMS), transaction.atomic():
        storm.save(force_insert=True)
        raise_once(STORM, organisation=provider.id, about=str(storm.id), data=data, actor="sign-in", at=storm.began)
