"""Logs go to another system by TLS: whole, in order, once in normal running, and none is lost."""

import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from baken.reach.syslog import AUTHPRIV, Message, Receiver
from baken.run import health, supervisor
from baken.run.configuration import ConfigurationError
from baken.run.lines import Line
from baken.run.logfiles import Log
from baken.run.shipper import Shipper, read_places, receiver
from baken.run.supervisor import wait_until
from tests.flows.certificates import Authority
from tests.flows.syslog_receiver import Listener, listening

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "logs").mkdir()
    return tmp_path / "logs"


def shipper(folder: Path, listener: Listener) -> Shipper:
    return Shipper(folder, Receiver(listener.address))


LINE = len("2026-03-02T09:00:00.000Z INFO baken.security 1\n")


def say(folder: Path, *said: str, process: str = "web") -> None:
    with (folder / f"{process}.log").open("a") as log:
        log.writelines(f"2026-03-02T09:00:00.000Z INFO baken.security {one}\n" for one in said)


def told(listener: Listener) -> list[str]:
    """What was said, without what stands before it."""
    return [message.split(" ", 7)[7] for message in listener.messages]


def send_all(ship: Shipper) -> None:
    while ship.send(settling=0.0):
        pass


def test_what_is_said_arrives_whole_and_says_who_when_and_how_grave(folder: Path, authority: Authority) -> None:
    record = logging.LogRecord("baken.web", logging.ERROR, "", 0, "it failed: é", (), None)
    record.created, record.msecs = 1_772_442_000.005, 5.0
    try:
        raise ValueError("two\n2026-01-01T00:00:00.000Z INFO baken.security all is well")
    except ValueError:
        record.exc_info = sys.exc_info()
    (folder / "web.log").write_text(f"{Line().format(record)}\nnot of our making\n")
    say(folder, "sign-in.refused account=1", "x" * 10_000 + " end")
    with listening(authority) as listener:
        send_all(shipper(folder, listener))
    failure, other, refused, long = listener.messages
    assert failure.startswith("<131>1 2026-03-02T09:00:00.005Z ")
    assert " baken web baken.web - it failed: é\n  Traceback" in failure
    assert failure.endswith("two\n  2026-01-01T00:00:00.000Z INFO baken.security all is well"), "a record, not two"
    assert other.split()[0] == "<133>1"
    assert other.endswith(" baken web - - not of our making")
    assert refused.startswith(f"<{AUTHPRIV * 8 + 6}>1 2026-03-02T09:00:00.000Z ")
    assert refused.endswith(" baken web baken.security - sign-in.refused account=1")
    assert long.endswith("x" * 10_000 + " end")


def test_nobody_but_the_receiver_that_is_named_gets_anything(folder: Path, authority: Authority) -> None:
    messages = [Message("web", "for your eyes only")]
    with (
        listening(authority, name="elsewhere.example") as listener,
        pytest.raises(OSError, match="certificate is not valid for 'localhost'"),
    ):
        Receiver(listener.address).deliver(messages)
    with listening(authority) as listener:
        own = authority.sign("baken.example")
        with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
            Receiver(f"tls://localhost:{listener.port}?cert={own.chain}&key={own.key}").deliver(messages)
        for sent in (messages, []):  # that we are refused is known only after we began
            with pytest.raises(OSError):
                Receiver(f"tls://localhost:{listener.port}?ca={authority.file}").deliver(sent)
        assert listener.messages == []
        Receiver(listener.address).deliver(messages)
        assert told(listener) == ["for your eyes only"]


@pytest.mark.parametrize("wrong", [
    "tcp://logs.example:514", "udp://logs.example", "tls://", "tls://logs.example?verify=no", "tls://logs.example?cert=/x",
    "tls://logs.example/path", "tls://logs.example?ca=/nowhere.pem", "tls://logs.example:99999", "logs.example:6514",
])  # fmt: skip
def test_an_address_without_tls_or_with_more_than_it_may_have_is_refused(wrong: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^BAKEN_SYSLOG: "):
        receiver({"BAKEN_SYSLOG": wrong})
    assert receiver({}) is None


def test_what_was_sent_while_nobody_read_it_is_sent_again(folder: Path, authority: Authority) -> None:
    say(folder, *[f"{number} {'x' * 200}" for number in range(2_000)])
    for reads in (0, 1):
        with listening(authority, reads=reads) as deaf:
            with pytest.raises(OSError):
                shipper(folder, deaf).send(0.0)
            for _ in range(3):  # a little is sent before it is seen that nobody reads it
                with pytest.raises(OSError):
                    Receiver(deaf.address).deliver([Message("web", "a little")])
    say(folder, "last")
    with pytest.raises(OSError):
        shipper(folder, deaf).send(0.0)  # away
    with listening(authority, curt=True) as listener:
        send_all(shipper(folder, listener))
        assert [said.split()[0] for said in told(listener)] == [*map(str, range(2_000)), "last"]
        say(folder, "more")
        send_all(shipper(folder, listener))
        assert told(listener)[2_000:] == ["last", "more"], "nothing twice"


def test_it_follows_files_that_are_set_aside_also_while_nobody_answers(
    folder: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "LOG_SIZE", 1)
    with listening(authority) as listener:
        ship = shipper(folder, listener)
        say(folder, "1", "2")
        send_all(ship)
        say(folder, "3")
        supervisor._set_aside(folder / "web.log")
        send_all(ship)
        say(folder, "4")
        send_all(ship)
        assert told(listener) == ["1", "2", "3", "4"]
    for number in "567":
        say(folder, number)
        supervisor._set_aside(folder / "web.log")
    (folder / "web.log.1").write_text((folder / "web.log.1").read_text() + "killed in the middle of a li")
    say(folder, "8")
    place = read_places(folder)["web.log"]
    assert Log(folder / "web.log").behind(place) == 4 * LINE + 28
    monkeypatch.setenv("BAKEN_SYSLOG", "tls://logs.example.org")
    supervisor._set_aside(folder / "web.log")
    say(folder, "9")  # below the last, since the oldest was not sent
    with listening(authority) as listener:
        send_all(shipper(folder, listener))
        assert told(listener) == ["5", "6", "7", "killed in the middle of a li", "8", "9"]
    supervisor._set_aside(folder / "web.log")
    assert not (folder / "web.log").exists()
    assert Log(folder / "web.log").behind(read_places(folder)["web.log"]) == 0


def test_what_was_removed_before_it_was_sent_is_told(
    folder: Path, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    with listening(authority) as listener:
        say(folder, "1", "2")
        send_all(shipper(folder, listener))
        (folder / "web.log").write_text("")  # the same file, with something else in it
        say(folder, "3")
        send_all(shipper(folder, listener))
        assert told(listener) == ["1", "2", "3"]
        assert "some of web.log was removed before it was sent" in caplog.text


def test_a_record_that_is_being_written_waits_for_the_rest(folder: Path, authority: Authority) -> None:
    with listening(authority) as listener:
        ship = shipper(folder, listener)
        say(folder, "1", "2")
        ship.send(settling=600.0)
        with (folder / "web.log").open("a") as log:
            log.write("  and more of it\n2026-03-02T09:00:00.000Z INFO baken.sec")
        ship.send(settling=0.0)
        with (folder / "web.log").open("a") as log:
            log.write("urity 3\n")
        ship.send(settling=0.0)
        assert told(listener) == ["1", "2\n  and more of it", "3"]


def test_a_process_ships_what_others_write_through_an_outage_and_a_kill(folder: Path, authority: Authority) -> None:
    with listening(authority) as listener:
        port, address = listener.port, listener.address
    environment = {**os.environ, "BAKEN_HOME": str(folder.parent), "BAKEN_SYSLOG": address}

    def start() -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "baken.run.shipper"], env={**environment, "PYTHONPATH": str(ROOT)}, text=True,
            stderr=subprocess.PIPE,
        )  # fmt: skip

    say(folder, "1")
    process = start()
    assert process.stderr and "logs wait" in process.stderr.readline(), "nobody is there yet"
    say(folder, "a", process="worker")
    with listening(authority, port=port) as listener:
        assert wait_until(lambda: len(listener.messages) == 2, 30)
        assert sorted(told(listener)) == ["1", "a"]
        process.kill()
        process.communicate()
        say(folder, "2", "3")
        process = start()
        assert wait_until(lambda: len(listener.messages) >= 4, 30)
        say(folder, "4")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert [said for said in told(listener) if said != "a"] in (["1", "2", "3", "4"], ["1", "1", "2", "3", "4"])
        process.communicate()


def test_the_doctor_tries_the_receiver_and_says_how_far_behind_it_is(
    folder: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BAKEN_HOME", str(folder.parent))
    assert health.syslog() == health.Check("syslog", True, "none is set: logs stay on this machine")
    with listening(authority) as listener:
        monkeypatch.setenv("BAKEN_SYSLOG", listener.address)
        say(folder, "1")
        found = health.syslog()
        assert (found.ok, found.warns) == (True, True)
        assert f"{LINE} bytes wait since 2026-03-02T09:00:00.000Z" in found.detail
        send_all(shipper(folder, listener))
        found = health.syslog()
        assert (found.ok, found.warns, "everything is sent" in found.detail) == (True, False, True)
    found = health.syslog()
    assert (found.ok, "look at BAKEN_SYSLOG" in found.detail) == (False, True)
