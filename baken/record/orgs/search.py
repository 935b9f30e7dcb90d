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
from typing import NamedTuple
from uuid import UUID

import Stemmer
from django.db import connection, transaction
from django.db.models import Q, QuerySet

from baken.record.orgs import indexkeys
from baken.record.orgs.models import SearchToken

MOST_WORDS = 2_000
"""Different words of one text that are indexed; what has more is no message."""
MOST_WANTED = 8
"""Words of a question that are looked for."""
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


def find(organisations: Sequence[UUID], scopes: Sequence[str], text: str) -> QuerySet[SearchToken] | None:
    """The tokens of records that hold all words of a text, in one of the scopes; None when it has no words.

    Use it as `Incident.objects.filter(id__in=found.values("record"))`.
    """
    wanted = words(text)[:MOST_WANTED]
    if not wanted:
        return None
    first, *rest = (_holding(organisations, scopes, word) for word in wanted)
    for rows in rest:
        first = first.filter(record__in=rows.values("record"))
    return first


def _holding(organisations: Sequence[UUID], scopes: Sequence[str], word: str) -> QuerySet[SearchToken]:
    pairs = Q()
    for owner in organisations:
        pairs |= Q(organisation_id=owner, token__in=_tokens(owner, word))
    return SearchToken.objects.filter(pairs, scope__in=scopes)


def _tokens(organisation: UUID, word: str) -> list[int]:
    wanted = indexkeys.versions().wanted
    return sorted({token(organisation, stem, version) for stem in stems(word) for version in wanted})


def words(text: str) -> list[str]:
    """The different words of a text as they are compared, in order; parts of compounds too."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    found: dict[str, None] = {}
    for match in _WORD.finditer(folded):
        whole = match.group()
        found[whole] = None
        for part in re.split(r"[.'@+-]", whole):
            found[part] = None
    return [word for word in found if len(word) > 1][:MOST_WORDS]


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
    folded = unicodedata.normalize("NFKC", address.strip()).casefold().encode()
    return [_standing_for("address", folded, version) for version in indexkeys.versions().wanted]


def standing_for(purpose: str, content: bytes) -> str:
    """A code that stands for some content. Without the keys nobody learns of what, not even by guessing."""
    return _standing_for(purpose, content, indexkeys.versions().primary)


def all_standing_for(purpose: str, content: bytes) -> list[str]:
    """The same, and what it was under index keys that were replaced since; the present one is the first."""
    return [_standing_for(purpose, content, version) for version in indexkeys.versions().all]


def _standing_for(purpose: str, content: bytes, version: int) -> str:
    return hmac.digest(indexkeys.lookup_key(version), f"{purpose}/".encode() + content, "sha256").hex()
