"""What a file is, by its first bytes."""

import io
import zipfile

import pytest

from baken.domain.media import LOOKED_AT, Family, contradicts, recognise

ODT = b"PK\x03\x04" + b"\0" * 26 + b"mimetypeapplication/vnd.oasis.opendocument.textPK\x03\x04"


def packed(*names: str) -> bytes:
    with zipfile.ZipFile(made := io.BytesIO(), "w") as archive:
        for name in names:
            archive.writestr(name, "<a/>")
    return made.getvalue()


DOCX = packed("[Content_Types].xml", "_rels/.rels", "word/document.xml")


@pytest.mark.parametrize(
    ("name", "head", "media_type", "family"),
    [
        ("a.pdf", b"%PDF-1.7\n", "application/pdf", Family.DOCUMENT),
        ("a.pdf", b"\xef\xbb\xbf\r\n%PDF-1.4\n", "application/pdf", Family.DOCUMENT),
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


@pytest.mark.parametrize(
    "name",
    ["run.bat.", "run.ps1 .", "run.VBS. . ", "run.js ", "run.vb", "run.wsc", "run.sct", "run.jnlp", "run.appref-ms"],
)
def test_a_script_is_known_by_its_ending_whatever_windows_drops_behind_it(name: str) -> None:
    assert recognise(b"@echo off\r\n", name)[1] is Family.PROGRAM


PDF, PNG, JPEG, GZIP = b"%PDF-1.7\n", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"\x1f\x8b\x08"
OLE, ELSE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\x00\x00\x00\x18ftypmp42"
ZIP, ODS = packed("a.txt", "b.txt"), ODT.replace(b".text", b".spreadsheet")
XLSX, SLIDES = packed("[Content_Types].xml", "xl/workbook.xml"), packed("ppt/presentation.xml", "ppt/slides/1.xml")


@pytest.mark.parametrize(
    ("names", "head"),
    [
        ("a.pdf A.PDF a a.part a.2024", PDF), ("a.png", PNG), ("a.jpg a.JPEG a.jfif", JPEG),
        ("a.gz a.tgz a.log.gz", GZIP), ("a.pptx", SLIDES + b" xl/ word/"),
        ("a.docx a.dotx a.zip a.dat", DOCX), ("a.xlsx a.zip", XLSX), ("a.pptx a.zip", SLIDES), ("a.zip", ZIP),
        ("a.odt a.ott a.zip", ODT), ("a.ods", ODS), ("a.doc a.xls a.msg a.docx a.xlsx", OLE),
        ("a.txt a.csv a.log a.md a.json a.yml a.eml a.html a.svg a a.unheard", b"some, words\n"),
        ("a.txt a.log a.eml a.html a.svg a.xml", b"<html><script>"), ("a.txt a.log a.mp4 a.heic a.mov a", ELSE),
    ],
)  # fmt: skip
def test_names_that_fit(names: str, head: bytes) -> None:
    assert [name for name in names.split() if contradicts(head, name)] == []


@pytest.mark.parametrize(
    ("names", "head"),
    [
        ("a.png a.jpg a.docx a.odt a.doc a.zip a.txt a.csv a.html a.mp4", PDF),
        ("report.pdf a.jpg a.gif a.docx a.zip a.txt a.svg a.bmp", PNG),
        ("a.pdf a.xlsx a.pptx a.odt a.doc a.txt", DOCX), ("a.docx a.xlsx a.odt a.ods a.pdf a.gz a.txt", ZIP),
        ("a.docx a.ods a.pdf", ODT), ("a.pdf a.odt a.zip", OLE), ("a.zip a.7z a.pdf a.txt", GZIP),
        ("a.pdf a.png a.docx a.doc a.zip a.gz a.mp3", b"only words"), ("a.pdf a.png a.docx a.zip a.doc", ELSE),
        ("a.pdf a.docx a.pdf. a.docx.", b"<html>"),
    ],
)  # fmt: skip
def test_names_that_promise_something_else(names: str, head: bytes) -> None:
    assert [name for name in names.split() if not contradicts(head, name)] == []


def test_a_character_that_is_cut_off_where_the_beginning_ends_is_still_text() -> None:
    text = ("x" * (LOOKED_AT - 1) + "€").encode()
    assert recognise(text[:LOOKED_AT], "a.txt") == ("text/plain", Family.TEXT)
