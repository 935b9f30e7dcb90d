"""What a file is, by its first bytes; its name only decides between kinds that look alike.

Nothing is unpacked: an archive is recognised by its beginning, so one that would swell to a terabyte does no harm.
"""

from collections.abc import Mapping
from enum import StrEnum

LOOKED_AT = 64 * 1024
"""Bytes from the beginning of a file that are enough to recognise it."""


class Family(StrEnum):
    """Kinds of file that are treated alike."""

    PROGRAM = "program"
    """Runs when it is opened, on some machine."""
    PAGE = "page"
    """A browser would run what is in it: HTML, SVG and other XML."""
    DOCUMENT = "document"
    IMAGE = "image"
    TEXT = "text"
    ARCHIVE = "archive"
    OTHER = "other"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


BINARY = "application/octet-stream"
_OOXML = "application/vnd.openxmlformats-officedocument"
_BEGINNINGS: tuple[tuple[bytes, str, Family], ...] = (
    (b"%PDF-", "application/pdf", Family.DOCUMENT),
    (b"\x89PNG\r\n\x1a\n", "image/png", Family.IMAGE),
    (b"\xff\xd8\xff", "image/jpeg", Family.IMAGE),
    (b"GIF87a", "image/gif", Family.IMAGE),
    (b"GIF89a", "image/gif", Family.IMAGE),
    (b"II*\x00", "image/tiff", Family.IMAGE),
    (b"MM\x00*", "image/tiff", Family.IMAGE),
    (b"\x1f\x8b", "application/gzip", Family.ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed", Family.ARCHIVE),
    (b"Rar!\x1a\x07", "application/vnd.rar", Family.ARCHIVE),
    (b"BZh", "application/x-bzip2", Family.ARCHIVE),
    (b"\xfd7zXZ\x00", "application/x-xz", Family.ARCHIVE),
    (b"\x28\xb5\x2f\xfd", "application/zstd", Family.ARCHIVE),
    (b"MZ", "application/vnd.microsoft.portable-executable", Family.PROGRAM),
    (b"\x7fELF", "application/x-elf", Family.PROGRAM),
    (b"\xfe\xed\xfa\xce", "application/x-mach-binary", Family.PROGRAM),
    (b"\xfe\xed\xfa\xcf", "application/x-mach-binary", Family.PROGRAM),
    (b"\xce\xfa\xed\xfe", "application/x-mach-binary", Family.PROGRAM),
    (b"\xcf\xfa\xed\xfe", "application/x-mach-binary", Family.PROGRAM),
    (b"\xca\xfe\xba\xbe", "application/java-vm", Family.PROGRAM),
    (b"\x00asm", "application/wasm", Family.PROGRAM),
    (b"dex\n", "application/x-dex", Family.PROGRAM),
    (b"#!", "text/x-script", Family.PROGRAM),
    (b"L\x00\x00\x00\x01\x14\x02\x00", "application/x-ms-shortcut", Family.PROGRAM),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage", Family.OTHER),
)
_PROGRAMS = _words(
    "exe com dll scr cpl msi msp msix appx bat cmd ps1 psm1 vbs vbe js jse mjs wsf wsh hta lnk pif reg scf url jar "
    "class apk ipa app dmg pkg deb rpm run sh bash zsh csh ksh command py pyc pyw pl rb php phtml asp aspx jsp cgi "
    "docm dotm xlsm xltm xlam pptm potm ppam ppsm chm gadget inf iso img vhd vhdx"
)
_PAGES = (b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<iframe", b"<svg", b"<?xml", b"<!doctype svg")
_PAGE_NAMES = _words("html htm xhtml xht shtml mht mhtml svg svgz xml xsl xslt")
_OFFICE: Mapping[bytes, str] = {
    b"word/": f"{_OOXML}.wordprocessingml.document",
    b"xl/": f"{_OOXML}.spreadsheetml.sheet",
    b"ppt/": f"{_OOXML}.presentationml.presentation",
}
_MACROS = (b"vbaProject.bin", b"macroEnabled")


def recognise(head: bytes, name: str) -> tuple[str, Family]:
    """The media type and family of a file, from its first `LOOKED_AT` bytes (or all, when it is shorter) and name."""
    ending = name.rpartition(".")[2].casefold() if "." in name else ""
    media_type, family = _by_content(head)
    if ending in _PROGRAMS:
        return (media_type if family is Family.PROGRAM else BINARY), Family.PROGRAM
    if family is Family.TEXT and ending in _PAGE_NAMES:
        return "text/html", Family.PAGE
    return media_type, family


def _by_content(head: bytes) -> tuple[str, Family]:
    for beginning, media_type, family in _BEGINNINGS:
        if head.startswith(beginning):
            return media_type, family
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _packed(head)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp", Family.IMAGE
    if head[257:262] == b"ustar":
        return "application/x-tar", Family.ARCHIVE
    return _written(head)


def _packed(head: bytes) -> tuple[str, Family]:
    """A ZIP file, by the names in its beginning: an OpenDocument says what it is first, Office soon after."""
    if head[30:38] == b"mimetype":
        said = head[38:].split(b"PK", 1)[0][:100]
        if said.startswith(b"application/vnd.oasis.opendocument."):
            return said.decode("ascii", "replace"), Family.DOCUMENT
    if any(mark in head for mark in _MACROS):
        return BINARY, Family.PROGRAM
    if b"[Content_Types].xml" in head or b"_rels/.rels" in head:
        return next(((kind for part, kind in _OFFICE.items() if part in head)), BINARY), Family.DOCUMENT
    return "application/zip", Family.ARCHIVE


def _written(head: bytes) -> tuple[str, Family]:
    """Text has no control characters and an encoding that fits; a page is text with tags that a browser acts on."""
    text = _text(head)
    if text is None:
        return BINARY, Family.OTHER
    begins = text.lstrip("\ufeff \t\r\n").casefold()
    if begins.startswith(tuple(page.decode() for page in _PAGES)) or "<script" in text.casefold():
        return "text/html", Family.PAGE
    return "text/plain", Family.TEXT


def _text(head: bytes) -> str | None:
    encoding = "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"
    cut = head[: len(head) // 2 * 2] if encoding == "utf-16" else head
    try:
        text = cut.decode(encoding)
    except UnicodeDecodeError as error:
        if error.start < len(cut) - 3:  # a character may be cut off at the end
            return _one_byte_each(head)
        text = cut[: error.start].decode(encoding)
    return text if _printable(text) else None


def _one_byte_each(head: bytes) -> str | None:
    """Text of an old Western encoding, which any bytes are: so nothing below a space, and letters for the most part."""
    text = head.decode("latin-1")
    odd = sum(character >= "\x80" for character in text)
    return text if _printable(text) and odd * 2 < len(text) else None


def _printable(text: str) -> bool:
    return not any(character < " " and character not in "\t\n\r\f\x1b" for character in text)
