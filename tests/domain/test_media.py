"""What a file is, by its first bytes."""

import pytest

from baken.domain.media import LOOKED_AT, Family, recognise

ODT = b"PK\x03\x04" + b"\0" * 26 + b"mimetypeapplication/vnd.oasis.opendocument.textPK\x03\x04"
DOCX = b"PK\x03\x04" + b"\0" * 26 + b"[Content_Types].xml" + b"\0" * 900 + b"word/document.xml"


@pytest.mark.parametrize(
    ("name", "head", "media_type", "family"),
    [
        ("a.pdf", b"%PDF-1.7\n", "application/pdf", Family.DOCUMENT),
        ("a", ODT, "application/vnd.oasis.opendocument.text", Family.DOCUMENT),
        ("a.docx", DOCX, "application/vnd.openxmlformats-officedocument.wordprocessingml.document", Family.DOCUMENT),
        ("a.zip", b"PK\x03\x04" + b"\0" * 60, "application/zip", Family.ARCHIVE),
        ("a.docm", DOCX, "application/octet-stream", Family.PROGRAM),
        ("a.docx", DOCX + b"word/vbaProject.bin", "application/octet-stream", Family.PROGRAM),
        ("a.png", b"\x89PNG\r\n\x1a\n", "image/png", Family.IMAGE),
        ("a.webp", b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp", Family.IMAGE),
        ("a.jpg", b"\xff\xd8\xff\xe0", "image/jpeg", Family.IMAGE),
        ("a.txt", "Hélène, €".encode(), "text/plain", Family.TEXT),
        ("a.txt", "Hélène".encode("latin-1"), "text/plain", Family.TEXT),
        ("a.txt", "Hélène".encode("utf-16"), "text/plain", Family.TEXT),
        ("a.html", b"hello", "text/html", Family.PAGE),
        ("a.txt", b"  \n<!DOCTYPE HTML><p>", "text/html", Family.PAGE),
        ("a.txt", b"\xef\xbb\xbf<svg xmlns=", "text/html", Family.PAGE),
        ("a.txt", b"some text, then <ScRiPt>", "text/html", Family.PAGE),
        ("a.txt", "<script>".encode("utf-16"), "text/html", Family.PAGE),
        ("a.log", b"\x00\x01\x02", "application/octet-stream", Family.OTHER),
        ("a.js", b"alert(1)", "application/octet-stream", Family.PROGRAM),
        ("report.pdf.scr", b"%PDF-1.7", "application/octet-stream", Family.PROGRAM),
        ("a", b"MZ", "application/vnd.microsoft.portable-executable", Family.PROGRAM),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage", Family.OTHER),
        ("a", b"", "text/plain", Family.TEXT),
    ],
)
def test_a_file_is_what_it_begins_with(name: str, head: bytes, media_type: str, family: Family) -> None:
    assert recognise(head, name) == (media_type, family)


def test_a_character_that_is_cut_off_where_the_beginning_ends_is_still_text() -> None:
    text = ("x" * (LOOKED_AT - 1) + "€").encode()
    assert recognise(text[:LOOKED_AT], "a.txt") == ("text/plain", Family.TEXT)
