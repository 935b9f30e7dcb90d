"""What a file is, by its first bytes; its name only decides between kinds that look alike.

Nothing is unpacked: an archive is recognised by its beginning, so one that would swell to a terabyte does no harm.
"""

import re
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
_BLANK = b"\xef\xbb\xbf \t\r\n"
_PROGRAMS = _words(
    "exe com dll scr cpl msi msp msix appx bat cmd ps1 psm1 vbs vbe js jse mjs wsf wsh hta lnk pif reg scf url jar "
    "class apk ipa app dmg pkg deb rpm run sh bash zsh csh ksh command py pyc pyw pl rb php phtml asp aspx jsp cgi "
    "docm dotm xlsm xltm xlam pptm potm ppam ppsm chm gadget inf iso img vhd vhdx vb ws wsc sct jnlp bas msh msh1 msh2 "
    "ps1xml ps2 ps2xml psc1 psc2 psd1 cdxml msc mst msu hlp shb shs application appref-ms appinstaller xbap xll iqy "
    "settingcontent-ms library-ms search-ms website diagcab ade adp mde pyo pyz pyzw fish tcl lua awk ahk au3 scpt "
    "applescript desktop ocx sys drv crx xpi"
)
_PAGES = (b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<iframe", b"<svg", b"<?xml", b"<!doctype svg")
_PAGE_NAMES = _words("html htm xhtml xht shtml mht mhtml svg svgz xml xsl xslt")
_OFFICE: Mapping[bytes, str] = {
    b"word": f"{_OOXML}.wordprocessingml.document",
    b"xl": f"{_OOXML}.spreadsheetml.sheet",
    b"ppt": f"{_OOXML}.presentationml.presentation",
}
_PART = re.compile(rb"PK\x03\x04.{26}(word|xl|ppt)/", re.DOTALL)
"""A part of an Office file as the archive has it: 26 bytes about it, then its name."""
_OLE, _ZIP, _DOCUMENT = "application/x-ole-storage", "application/zip", "application/vnd.oasis.opendocument"
_ENDINGS: Mapping[str, tuple[str, ...]] = {
    "pdf": ("application/pdf",),
    "png": ("image/png",),
    **dict.fromkeys(_words("jpg jpeg jpe jfif"), ("image/jpeg",)),
    "gif": ("image/gif",),
    **dict.fromkeys(_words("tif tiff"), ("image/tiff",)),
    "webp": ("image/webp",),
    **dict.fromkeys(_words("gz tgz gzip"), ("application/gzip",)),
    "7z": ("application/x-7z-compressed",),
    "rar": ("application/vnd.rar",),
    **dict.fromkeys(_words("bz2 tbz2"), ("application/x-bzip2",)),
    **dict.fromkeys(_words("xz txz"), ("application/x-xz",)),
    **dict.fromkeys(_words("zst tzst"), ("application/zstd",)),
    "tar": ("application/x-tar",),
    "zip": (_ZIP, _OOXML, _DOCUMENT, BINARY),
    **dict.fromkeys(_words("doc dot xls xlt ppt pot pps msg vsd mpp pub"), (_OLE,)),
    # With a password, an Office file is packed in the older container.
    **dict.fromkeys(_words("docx dotx"), (_OFFICE[b"word"], BINARY, _OLE)),
    **dict.fromkeys(_words("xlsx xltx xlsb"), (_OFFICE[b"xl"], BINARY, _OLE)),
    **dict.fromkeys(_words("pptx potx ppsx"), (_OFFICE[b"ppt"], BINARY, _OLE)),
    **dict.fromkeys(_words("odt ott odm"), (f"{_DOCUMENT}.text",)),
    **dict.fromkeys(_words("ods ots"), (f"{_DOCUMENT}.spreadsheet",)),
    **dict.fromkeys(_words("odp otp"), (f"{_DOCUMENT}.presentation",)),
    **dict.fromkeys(_words("odg otg"), (f"{_DOCUMENT}.graphics",)),
}
"""What the media type of a file with such a name begins with."""
_TEXTS = _words(
    "txt text log md rst csv tsv json jsonl yaml yml toml ini cfg conf properties sql eml ics vcf rtf tex diff patch"
)
_UNSEEN = _words("bmp ico heic heif avif psd mp3 mp4 m4a m4v mov avi mkv webm ogg oga ogv wav flac pcap pcapng")
"""Binary kinds that have no line above: nothing else is recognised in them."""
_MACROS = (b"vbaProject.bin", b"macroEnabled")


def recognise(head: bytes, name: str) -> tuple[str, Family]:
    """The media type and family of a file, from its first `LOOKED_AT` bytes (or all, when it is shorter) and name."""
    ending = ending_of(name)
    media_type, family = _by_content(head)
    if ending in _PROGRAMS:
        return (media_type if family is Family.PROGRAM else BINARY), Family.PROGRAM
    if family is Family.TEXT and ending in _PAGE_NAMES:
        return "text/html", Family.PAGE
    return media_type, family


def ending_of(name: str) -> str:
    """The extension of a name, in small letters and without the dot; "" when there is none.

    Windows drops dots and spaces at the end of a name, so they hide none.
    """
    name = name.rstrip(". ")
    return name.rpartition(".")[2].casefold() if "." in name else ""


def contradicts(head: bytes, name: str) -> bool:
    """Whether the name promises another kind of file than `head`, its beginning, is.

    A name without an extension, or with one that is not known here, promises nothing.
    """
    ending, (media_type, family) = ending_of(name), recognise(head, name)
    unknown = (media_type, family) == (BINARY, Family.OTHER)
    if ending in _ENDINGS:
        return unknown or not media_type.startswith(_ENDINGS[ending])
    if ending in _TEXTS or ending in _PAGE_NAMES:
        return not (unknown or family in {Family.TEXT, Family.PAGE})
    return ending in _UNSEEN and not unknown


def _by_content(head: bytes) -> tuple[str, Family]:
    for beginning, media_type, family in _BEGINNINGS:
        if head.startswith(beginning):
            return media_type, family
    if head.lstrip(_BLANK).startswith(b"%PDF-"):  # readers of PDF pass over what is blank before it
        return "application/pdf", Family.DOCUMENT
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
    part = _PART.search(head)
    if b"[Content_Types].xml" in head or b"_rels/.rels" in head or part:
        return (_OFFICE[part[1]] if part else BINARY), Family.DOCUMENT
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
