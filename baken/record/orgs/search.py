"""Searching what is sealed: a blind index of words.

The words of a text are normalised (NFKC, case folded), stemmed for Dutch and for English, and turned into tokens with
the organisation's search key: HMAC-SHA256, of which 32 bits are kept. Whoever holds the database sees which records of
one organisation share a word, and not which word; of two organisations they see nothing.

Tokens are rows with a B-tree, not arrays: under row-level security PostgreSQL uses an index only for comparisons that
give nothing away, and containment of arrays is none of those.
"""

import hmac
import re
import struct
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from threading import Lock
from typing import Any, NamedTuple
from uuid import UUID

import Stemmer
from django.db import connection, transaction
from django.db.models.expressions import RawSQL

from baken.record.orgs import indexkeys

MOST_WANTED = 8
"""Words of a question that are looked for; `ignored` tells the others."""
MOST_FOUND = 500
"""Records that whoever looks for words is given; whoever needs others asks with more words."""
_WORD = re.compile(r"[^\W_]+(?:[.'@+-][^\W_]+)*")
_STEMMERS = (Stemmer.Stemmer("dutch"), Stemmer.Stemmer("english"))
_ONE_AT_A_TIME = Lock()  # a stemmer keeps its word in itself
_TOKEN = struct.Struct(">i")


class Text(NamedTuple):
    """A text by whose words a record is found. scope: by whom."""

    organisation: UUID
    scope: str
    record: UUID
    text: str


class Found(NamedTuple):
    """The ids of records, the newest first. older: whether others, older than these, were left out."""

    ids: list[UUID]
    older: bool


def index(organisation: UUID, scope: str, record: UUID, text: str) -> None:
    """Make a record findable by the words of a text, besides those it is findable by already."""
    index_many([Text(organisation, scope, record, text)])


def index_many(texts: Iterable[Text]) -> None:
    """The same for many texts at once."""
    version = indexkeys.versions().primary
    rows = sorted(set(tokens(texts, version)))
    with connection.cursor() as cursor:
        cursor.execute(INDEX, [version, *([list(column) for column in zip(*rows, strict=True)] or [[]] * 4)])


def tokens(texts: Iterable[Text], version: int) -> Iterator[tuple[UUID, int, str, UUID]]:
    """Organisation, token, scope and record of each word of some texts; several times what is there several times."""
    for text in texts:
        for word in words(text.text):
            for stem in stems(word):
                yield text.organisation, token(text.organisation, stem, version), text.scope, text.record


INDEX = """
INSERT INTO orgs_searchtoken (version, organisation_id, token, scope, record)
SELECT %s, * FROM unnest(%s::uuid[], %s::int[], %s::varchar[], %s::uuid[])
ON CONFLICT (organisation_id, token, scope, record) DO UPDATE SET version = EXCLUDED.version
WHERE orgs_searchtoken.version < EXCLUDED.version
"""


@transaction.atomic
def index_again(records: Sequence[UUID], texts: Callable[[], Iterable[Text]]) -> None:
    """Make records findable by their texts anew, with the primary index key. The caller keeps others from them.

    texts: all of theirs.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM orgs_searchtoken WHERE record = ANY(%s) AND version <> %s",
            [list(records), indexkeys.versions().primary],
        )
    index_many(texts())


def find(organisations: Sequence[UUID], scopes: Sequence[str], text: str, most: int) -> Found:
    """The records that hold all words of a text but those `ignored`, in one of the scopes; none when it has no words.

    most: how many at most, the newest. Use it as `Incident.objects.filter(id__in=among(found.ids))`.
    """
    wanted = _wanted(text)
    parameters: list[Any] = []
    for word in wanted:
        pairs = [(owner, made) for owner in organisations for made in _tokens(owner, word)]
        parameters += [_array(owner for owner, _ in pairs), [made for _, made in pairs], list(scopes)]
    if not parameters:
        return Found([], older=False)
    both = " INTERSECT ".join([HOLDING] * len(wanted))  # merges what two index scans give, whichever word is rarer
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT record FROM ({both}) AS found ORDER BY record DESC LIMIT %s",  # noqa: S608  our own text
            [*parameters, most + 1],
        )
        found = [record for (record,) in cursor.fetchall()]
    return Found(found[:most], older=len(found) > most)


def ignored(text: str) -> list[str]:
    """The words of a question that are not looked for: what has one letter, and what comes after enough others."""
    wanted = _wanted(text)
    return [word for word in dict.fromkeys(_wholes(text)) if word not in wanted]


def among(ids: Sequence[UUID]) -> RawSQL:
    """These ids for a filter, as one value: a thousand placeholders take longer than the query that has them."""
    return RawSQL("SELECT unnest(%s::uuid[])", [_array(ids)])


def _array(ids: Iterable[UUID]) -> str:
    """As PostgreSQL writes an array, which is quicker than the driver writes it."""
    return "{" + ",".join(id.hex for id in ids) + "}"


HOLDING = """
SELECT record FROM unnest(%s::uuid[], %s::int[]) AS wanted (organisation, word)
JOIN orgs_searchtoken ON organisation_id = organisation AND token = word AND scope = ANY(%s::varchar[])
"""


def _wanted(text: str) -> list[str]:
    """The words of a question that count. Of compounds the whole alone: what holds that holds its parts."""
    return list(dict.fromkeys(word for word in _wholes(text) if len(word) > 1))[:MOST_WANTED]


def _tokens(organisation: UUID, word: str) -> list[int]:
    wanted = indexkeys.versions().wanted
    return sorted({token(organisation, stem, version) for stem in stems(word) for version in wanted})


def words(text: str) -> list[str]:
    """The different words of a text as they are compared, in order; parts of compounds too."""
    found: dict[str, None] = {}
    for whole in _wholes(text):
        found[whole] = None
        for part in re.split(r"[.'@+-]", whole):
            found[part] = None
    return [word for word in found if len(word) > 1]


def _wholes(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


@lru_cache(maxsize=50_000)
def stems(word: str) -> frozenset[str]:
    """A word's stem in Dutch and in English."""
    with _ONE_AT_A_TIME:
        return frozenset(stemmer.stemWord(word) for stemmer in _STEMMERS)


def token(organisation: UUID, stem: str, version: int) -> int:
    """What stands for a stem in the index of one organisation, by one version of the index key."""
    digest = hmac.digest(indexkeys.search_key(organisation, version), b"word/" + stem.encode(), "sha256")
    return int(_TOKEN.unpack_from(digest)[0])


def address_key(address: str) -> str:
    """The code by which an e-mail address is looked up: equal for addresses that differ in case alone."""
    return address_keys(address)[0]


def address_keys(address: str) -> list[str]:
    """All codes by which it may be looked up at present; `address_key` is the first."""
    content = folded(address).encode()
    return [_standing_for("address", content, version) for version in indexkeys.versions().wanted]


def folded(address: str) -> str:
    """An e-mail address as it is compared: equal for those that differ in case alone."""
    return unicodedata.normalize("NFKC", address.strip()).casefold()


def standing_for(purpose: str, content: bytes) -> str:
    """A code that stands for some content. Without the keys nobody learns of what, not even by guessing."""
    return _standing_for(purpose, content, indexkeys.versions().primary)


def all_standing_for(purpose: str, content: bytes) -> list[str]:
    """The same, and what it was under index keys that were replaced since; the present one is the first."""
    return [_standing_for(purpose, content, version) for version in indexkeys.versions().all]


def _standing_for(purpose: str, content: bytes, version: int) -> str:
    return hmac.digest(indexkeys.lookup_key(version), f"{purpose}/".encode() + content, "sha256").hex()
