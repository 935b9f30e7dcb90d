"""The virus scanner: its protocol, and that nothing of what it finds, or cannot look at, is kept."""

import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from pytest_django import Settings

from baken.reach.clamav import Clamd, ScannerError, TooLong
from baken.record.audits.models import Audit
from baken.record.detection import flows as detection
from baken.record.incidents.models import Incident
from baken.record.ledger.models import LedgerFact
from baken.record.orgs import arriving, files
from baken.record.orgs.arriving import AT_ONCE, CHUNK, PER_HOUR, Arrival, FileError
from baken.record.orgs.models import File, FileChunk, FileFault
from tests.conftest import Cast
from tests.flows.clamd import EICAR, clamd
from tests.flows.test_audits import opened

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CLEAN = b"%PDF-1.7\n" + b"clean " * 50_000


def verdict(address: str, content: bytes, piece: int = CHUNK) -> str:
    scan = Clamd(address).begin()
    try:
        for start in range(0, len(content), piece):
            scan.send(content[start : start + piece])
        return scan.result()
    finally:
        scan.close()


@pytest.fixture(params=["stand-in over TCP", "stand-in at a socket", "clamd itself"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where a daemon answers; the one of ClamAV where it is installed, or named in BAKEN_TEST_CLAMAV."""
    if request.param == "clamd itself":
        yield from _real(tmp_path)
        return
    with clamd(tmp_path / "clamd.sock" if "socket" in request.param else None) as (answering, _):
        yield answering


def _real(folder: Path) -> Iterator[str]:
    if named := os.environ.get("BAKEN_TEST_CLAMAV"):
        yield named
        return
    program = shutil.which("clamd")
    if program is None:
        pytest.skip("no clamd on the PATH, and BAKEN_TEST_CLAMAV names none")
    (folder / "signatures").mkdir()
    (folder / "signatures/eicar.ndb").write_text(f"Eicar-Signature:0:*:{EICAR.hex()}\n")
    (folder / "clamd.conf").write_text(
        f"LocalSocket {folder}/clamd.sock\nForeground yes\nDatabaseDirectory {folder}/signatures\nStreamMaxLength 2M\n"
    )
    daemon = subprocess.Popen([program, "-c", folder / "clamd.conf"])
    try:
        while daemon.poll() is None and not (folder / "clamd.sock").exists():
            time.sleep(0.1)
        yield f"unix:{folder}/clamd.sock"
    finally:
        daemon.terminate()
        daemon.wait(30)


def test_the_protocol_is_the_published_one(address: str) -> None:
    assert Clamd(address).version().startswith("ClamAV ")
    assert verdict(address, CLEAN) == ""
    assert "eicar" in verdict(address, EICAR).casefold()
    assert verdict(address, b"") == ""


def test_a_stream_goes_in_chunks_as_it_comes() -> None:
    with clamd() as (address, seen):
        assert verdict(address, CLEAN, 100_000) == ""
        assert (seen.seen, max(seen.chunks)) == ([CLEAN], 100_000)


def test_a_stream_that_is_too_long_is_said_to_be() -> None:
    with clamd(most=CHUNK) as (address, _), pytest.raises(TooLong, match="StreamMaxLength"):
        verdict(address, b"x" * 20_000_000)


@pytest.mark.parametrize("says", [b"INSTREAM: Can't allocate memory ERROR\0", b"", b"\0", b"UNKNOWN COMMAND\0"])
def test_whatever_else_it_says_is_no_all_clear(says: bytes) -> None:
    with clamd(says=says or b"stream: ") as (address, _), pytest.raises(ScannerError):
        verdict(address, CLEAN)


def test_nobody_there_is_an_error(tmp_path: Path) -> None:
    with socket.socket() as bound:  # bound and not listening
        bound.bind(("127.0.0.1", 0))
        with pytest.raises(ScannerError, match="refused"):
            verdict(f"tcp://127.0.0.1:{bound.getsockname()[1]}", CLEAN)
    with pytest.raises(ScannerError):
        verdict(f"unix:{tmp_path}/none", CLEAN)
    with pytest.raises(ValueError, match="tcp://host:3310"):
        Clamd("clamav.example")


@pytest.fixture
def scanning(settings: Settings) -> Iterator[type]:
    with clamd(most=4_000_000) as (address, seen):
        settings.BAKEN_SCANNER = Clamd(address).begin
        yield seen


def test_all_of_a_file_is_shown_to_the_scanner_before_it_is_kept(cast: Cast, scanning: type) -> None:
    file = files.keep(cast.customer, name="a.pdf", content=CLEAN, at=NOW)
    assert scanning.seen == [CLEAN]  # type: ignore[attr-defined]
    assert files.content(file) == CLEAN


def test_nothing_of_an_infected_file_is_kept_and_it_is_a_fact(cast: Cast, scanning: type) -> None:
    audit = opened(cast)
    client = Client()
    client.force_login(cast.audrey.user)
    sick = b"%PDF-1.7\n" + b"x" * 3_000_000 + EICAR
    (path := Path(os.environ["BAKEN_HOME"]) / "sick.pdf").write_bytes(sick)
    try:
        with path.open("rb") as sent:
            answer = client.post(f"/audits/{audit.number}/report/", {"file": sent})
    finally:
        path.unlink()
    assert answer.status_code == 422
    assert "The virus scanner found Eicar-Signature in it, so it was not kept; send a clean one." in answer.text
    assert not FileChunk.objects.exists()
    assert Audit.objects.get().report is None
    fault = FileFault.objects.get()
    assert (fault.kind, fault.by) == ("infected", cast.audrey.user.id)
    detection.detect()
    fact = LedgerFact.objects.get(kind="file.infected")
    assert fact.data == {"file": str(fault.file), "by": str(cast.audrey.user.id)}
    assert not Incident.objects.exists(), "it was refused: an event, and no incident"


def test_what_the_scanner_does_not_take_is_refused(cast: Cast, scanning: type) -> None:
    with pytest.raises(FileError, match="larger than the virus scanner takes"):
        files.receive(cast.customer, name="a.pdf", content=b"%PDF-" + bytes(5_000_000), at=NOW)
    assert not FileChunk.objects.exists()


@pytest.mark.parametrize("may_fail", [False, True])
def test_without_an_answer_nothing_is_taken_unless_that_was_chosen(
    cast: Cast, settings: Settings, may_fail: bool
) -> None:
    settings.BAKEN_SCANNER_MAY_FAIL = may_fail
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        settings.BAKEN_SCANNER = Clamd(f"tcp://127.0.0.1:{bound.getsockname()[1]}").begin
        if may_fail:
            assert files.content(files.keep(cast.customer, name="a.pdf", content=CLEAN, at=NOW)) == CLEAN
        else:
            with pytest.raises(FileError, match="does not answer; try again"):
                files.receive(cast.customer, name="a.pdf", content=CLEAN, at=NOW)
            assert not FileChunk.objects.exists()


def sent(cast: Cast, by: UUID, at: datetime) -> File:
    arrival = Arrival(cast.customer.id, name="b", at=at, by=by)
    arrival.write(b"b")
    return arrival.finish()


def test_one_person_sends_only_so_many_files_in_an_hour(cast: Cast) -> None:
    by = cast.alice.user.id
    File.objects.bulk_create(
        File(organisation=cast.customer, name="a", by=by, created_at=NOW + timedelta(seconds=number))
        for number in range(PER_HOUR)
    )
    late = NOW + timedelta(minutes=59)
    with pytest.raises(FileError, match="at most 100 files in an hour"):
        sent(cast, by, late)
    sent(cast, by, NOW + timedelta(hours=2))
    sent(cast, cast.stranger.user.id, late)


@pytest.mark.django_db(transaction=True)
def test_files_that_one_person_sends_at_the_same_moment_all_count(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arriving, "PER_HOUR", 2)
    together = threading.Barrier(6)

    def send(_: int) -> bool:
        arrival = Arrival(cast.customer.id, name="b", at=NOW, by=cast.alice.user.id)
        arrival.write(b"b")
        connection.ensure_connection()
        together.wait(30)
        try:
            return bool(arrival.finish())
        except FileError:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(send, range(6))) == 2
    assert File.objects.filter(by=cast.alice.user.id).count() == 2


@pytest.mark.parametrize(
    ("name", "content", "kind", "said"),
    [
        ("a.pdf", b"MZ\x90\x00", "attachment", "programs and scripts"),
        ("a.pdf", b"\x7fELF\x02", "attachment", "programs and scripts"),
        ("a.txt", b"#!/bin/sh\nrm -rf /\n", "attachment", "programs and scripts"),
        ("a.pdf.EXE", b"%PDF-1.7", "attachment", "programs and scripts"),
        ("a.docm", b"PK\x03\x04" + b"\0" * 26 + b"[Content_Types].xml word/vbaProject.bin", "report", "programs"),
        ("a.pdf", b"<html><script>", "report", "a report is a PDF"),
        ("a.svg", b"<svg onload=x>", "report", "a report is a PDF"),
        ("a.pdf", b"PK\x03\x04" + b"\0" * 26 + b"bomb", "report", "a report is a PDF"),
        ("a.pdf", b"\x1f\x8b\x08", "report", "a report is a PDF"),
        ("a.pdf", b"", "report", "it is empty"),
        ("report.pdf", b"\x89PNG\r\n\x1a\n", "report", r"its name ends in \.pdf, but"),
        ("a.DOCX", b"%PDF-1.7", "attachment", r"its name ends in \.docx, but"),
    ],
)
def test_what_a_file_is_decides_and_not_its_name(cast: Cast, name: str, content: bytes, kind: str, said: str) -> None:
    with pytest.raises(FileError, match=said):
        files.receive(cast.provider, name=name, content=content, at=NOW, kind=kind)
    assert not File.objects.exists()


def test_a_page_is_taken_as_an_attachment_and_handed_out_as_bytes(cast: Cast) -> None:
    file = files.receive(cast.customer, name="a.html", content=b"<!DOCTYPE html><script>x</script>", at=NOW)
    assert file.media_type == "text/html"


def test_a_request_brings_only_so_many_files(cast: Cast) -> None:
    audit = opened(cast)
    client = Client()
    client.force_login(cast.audrey.user)
    many = [SimpleUploadedFile(f"{number}.pdf", CLEAN) for number in range(AT_ONCE + 1)]
    answer = client.post(f"/audits/{audit.number}/report/", {"file": many})
    assert answer.status_code == 422
    assert "At most 10 files at once; send the others after these." in answer.text
    assert not FileChunk.objects.exists(), "what no flow took is gone after the request"
    one = SimpleUploadedFile("report.pdf", CLEAN)
    assert client.post(f"/audits/{audit.number}/report/", {"file": one}).status_code == 302
