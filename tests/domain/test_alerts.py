"""What an alert says is shown whole: nothing in it hides, or turns around what follows."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baken.domain.alerts import legible


@pytest.mark.parametrize(("text", "shown"), [
    ("Shell in a container", "Shell in a container"),
    ("gnp\u202eexe\u2066", "gnp<U+202E>exe<U+2066>"),
    ("a\x00b\x1b[2Jc\u200bd\ufeff", "a<U+0000>b<U+001B>[2Jc<U+200B>d<U+FEFF>"),
    ("line\u2028separated\u2029", "line<U+2028>separated<U+2029>"),
    ("tab\tand\nline", "tab\tand\nline"),
    ("\U000e0041", "<U+E0041>"),
    ("日本 é 🦊", "日本 é 🦊"),
])  # fmt: skip
def test_what_is_unseen_is_shown_by_its_number(text: str, shown: str) -> None:
    assert legible(text) == shown


@given(st.text())
def test_nothing_unseen_is_left_in_a_line(text: str) -> None:
    assert not {unicodedata.category(one) for one in legible(text, "")} & {"Cc", "Cf", "Zl", "Zp"}
    assert legible(legible(text)) == legible(text)
