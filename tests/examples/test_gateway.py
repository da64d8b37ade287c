"""The reference gateway on a real server: nothing is lost, nothing is sent twice, and it says what it does."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from media_store.models import Media
from tests.examples.gateways import PROGRAM, SECONDS, Gateway, eventually
from tests.faults import fault_proxy
from tests.faults.fault_proxy import Fault, Handler, Proxy
from tests.media_files import jpeg, png
from tests.people import Person, device_url

# It speaks HTTP only: what is behind the server makes no difference to it.
pytestmark = pytest.mark.once


def offer_again() -> None:
    """As when leases are over, and no receipt has come."""
    Media.objects.update(claimed_until=None)


def busy(handler: Handler, _body: bytes) -> None:
    """Not now, and when."""
    handler.send_response(503)
    handler.send_header("Retry-After", "1")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def answering(status: int, content: bytes, **headers: str) -> Fault:
    """Whoever it is that answers."""

    def answer(handler: Handler, _body: bytes) -> None:
        handler.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def damaged(handler: Handler, body: bytes) -> None:
    """As many bytes, and others."""
    _, content = handler.ask(body)
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(bytes(len(content)))


def one_byte_more(handler: Handler, body: bytes) -> None:
    _, content = handler.ask(body)
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content) + 1))
    handler.end_headers()
    handler.wfile.write(content + b"!")


class TestReceivedFiles:
    def test_are_handed_in_with_what_is_said_beside_them(self, alice: Person, gateway: Gateway) -> None:
        said = {"message_id": "3EB0/7 é", "from": "62811@s.whatsapp.net", "caption": "ü" * 1024, "ptt": False}
        gateway.drop("slip.jpg", jpeg(), **said)
        assert gateway.once() == 0
        (media,) = gateway.results("done")
        assert alice.api.download(media["media_path"]).body == jpeg()
        assert (media["message_id"], media["caption"], media["file_name"]) == ("3EB0/7 é", "ü" * 1024, "slip.jpg")
        assert (media["direction"], media["status"]) == ("inbound", "ready")
        assert gateway.waiting_files() == []

    def test_need_nothing_beside_them(self, alice: Person, gateway: Gateway) -> None:
        for name in ("a.jpg", "b.jpg"):
            gateway.drop(name, jpeg())
        assert gateway.once() == 0
        assert sorted(media["file_name"] for media in gateway.results("done")) == ["a.jpg", "b.jpg"]

    def test_are_said_nothing_of_where_the_word_is_null(self, alice: Person, gateway: Gateway) -> None:
        gateway.drop("a.jpg", jpeg(), message_id="a", caption=None, chat_id=None, sent_at=None)
        assert gateway.once() == 0
        assert [media["caption"] for media in gateway.results("done")] == [None]

    def test_may_be_spoken_of_in_what_is_no_text(self, alice: Person, gateway: Gateway) -> None:
        """Half an emoji, as whoever cuts captions by UTF-16 leaves it; and a name from before UTF-8."""
        gateway.drop("a.jpg", jpeg(), caption="cut \ud83d")
        gateway.drop(os.fsdecode(b"caf\xe9.jpg"), jpeg())
        assert gateway.once() == 0
        done = {media["file_name"]: media["caption"] for media in gateway.results("done")}
        assert done == {"a.jpg": "cut ?", "caf?.jpg": None}

    @pytest.mark.faults
    def test_that_cannot_be_taken_hold_up_no_others(self, alice: Person, gateway: Gateway) -> None:
        """As on a full disk."""
        with gateway.running() as process:
            eventually(lambda: "At work" in gateway.log)
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (100_000, 100_000))
            gateway.drop("large.jpg", jpeg(), caption="c" * 200_000)
            eventually(lambda: "large.jpg cannot be taken" in gateway.log)
            gateway.drop("small.jpg", jpeg())
            eventually(lambda: gateway.results("done"))
        assert gateway.waiting_files() == ["large.jpg", "large.jpg.message.json"]

    def test_that_cannot_be_taken_are_left_and_it_says_so(self, alice: Person, gateway: Gateway) -> None:
        (gateway.inbox / "a.jpg.message.json").mkdir()
        gateway.drop("a.jpg", jpeg())
        gateway.drop("b.jpg", png())
        assert gateway.once() == 1
        assert "a.jpg cannot be taken: Is a directory" in gateway.log
        assert [media["file_name"] for media in gateway.results("done")] == ["b.jpg"]

    def test_may_be_of_a_day_to_come(self, alice: Person, gateway: Gateway) -> None:
        """As a camera whose clock is wrong dates them."""
        gateway.drop("a.jpg", jpeg())
        next_year = time.time() + 365 * 86_400
        os.utime(gateway.inbox / "a.jpg", (next_year, next_year))
        assert gateway.once("--settle", "60") == 0
        assert [media["file_name"] for media in gateway.results("done")] == ["a.jpg"]

    def test_may_have_any_name(self, alice: Person, gateway: Gateway) -> None:
        names = ("message.json", "result.json", "data.json", "ü" * 120 + ".jpg", " .jpg")
        for name in names:
            gateway.drop(name, jpeg())
        assert gateway.once() == 0
        assert len(gateway.results("done")) == len(names)

    def test_are_left_alone_while_somebody_writes_them(self, alice: Person, gateway: Gateway) -> None:
        for name in (".hidden.jpg", "half.jpg.part"):
            (gateway.inbox / name).write_bytes(jpeg())
        gateway.drop("fresh.jpg", jpeg())
        assert gateway.once("--settle", "60") == 0
        assert not Media.objects.exists()

    @pytest.mark.parametrize(
        ("said", "code"), [({"kind": "hologram"}, "malformed"), ({"colour": "red"}, "unknown_field")]
    )
    def test_that_are_refused_lie_in_failed_with_the_reason(
        self, alice: Person, gateway: Gateway, said: dict[str, Any], code: str
    ) -> None:
        gateway.drop("a.jpg", jpeg(), **said)
        assert gateway.once() == 1
        assert [result["code"] for result in gateway.results("failed")] == [code]
        assert len(list(gateway.inbox.glob("failed/*/a.jpg"))) == 1

    def test_whose_sidecar_is_no_json_lie_in_failed(self, alice: Person, gateway: Gateway) -> None:
        (gateway.inbox / "a.jpg.message.json").write_text("{")
        gateway.drop("a.jpg", jpeg())
        assert gateway.once() == 1
        assert [result["code"] for result in gateway.results("failed")] == ["sidecar"]

    @pytest.mark.parametrize("depth", [985, 100_000])
    def test_whose_sidecar_is_nested_beyond_all_measure_hold_up_no_others(
        self, alice: Person, gateway: Gateway, depth: int
    ) -> None:
        (gateway.inbox / "a.jpg.message.json").write_text(f'{{"caption": {"[" * depth}{"]" * depth}}}')
        gateway.drop("a.jpg", jpeg())
        gateway.drop("b.jpg", png())
        assert gateway.once() == 1
        assert [result["code"] for result in gateway.results("failed")] == ["sidecar"]
        assert [media["file_name"] for media in gateway.results("done")] == ["b.jpg"]
        assert gateway.waiting_files() == []

    @pytest.mark.faults
    def test_that_were_taken_when_it_died_lose_their_sidecar_and_nothing_else(
        self, alice: Person, gateway: Gateway, door: Proxy
    ) -> None:
        """As a kill leaves them between the two renames, and before the first."""
        gateway.drop("a.jpg", jpeg(), message_id="a")
        with door.failing(busy, methods=("POST",)):
            assert gateway.once() == 1
        (gateway.inbox / "a.jpg.message.json").write_text('{"message_id": "a"}')
        (gateway.inbox / ".taken" / "begun").mkdir()
        assert gateway.once() == 0
        assert [media["message_id"] for media in gateway.results("done")] == ["a"]
        assert [path.name for path in gateway.inbox.iterdir() if path.is_file()] == [".lock"]
        assert gateway.waiting_files() == []

    def test_that_a_proxy_finds_too_large_are_recorded_all_the_same(
        self, alice: Person, gateway: Gateway, door: Proxy
    ) -> None:
        gateway.drop("film.mp4", jpeg(), message_id="film")
        with door.failing(fault_proxy.refusing(413, "nginx"), times=1, methods=("POST",), where="inbound"):
            assert gateway.once() == 0
        (media,) = gateway.results("done")
        assert (media["status"], media["reason"], media["size"]) == ("omitted", "too_large", len(jpeg()))


class TestMessagesToSend:
    def test_appear_whole_and_are_reported_on(self, alice: Person, gateway: Gateway) -> None:
        media = alice.sent(jpeg(), message_id="m/1", caption="Slip", file_name="../slip.jpg")
        assert gateway.once() == 0
        told = gateway.sent()["m/1"]
        assert told["content"] == jpeg()
        assert (told["to"], told["type"], told["caption"]) == ("6281234567890", "image", "Slip")
        assert alice.api.get(f"/v1/media/{media['id']}").json()["delivery"] == "sent"

        at = timezone.now().isoformat()
        gateway.hear({"network_message_id": told["network_message_id"], "state": "read", "at": at})
        assert gateway.once() == 0
        assert alice.api.get(f"/v1/media/{media['id']}").json()["delivery"] == "read"

    def test_may_be_called_as_the_folder_of_receipts_is(self, alice: Person, gateway: Gateway) -> None:
        alice.sent(jpeg(), message_id="receipts")
        gateway.hear({"message_id": "nobody's", "state": "read"})
        assert gateway.once() == 0
        assert gateway.sent()["receipts"]["content"] == jpeg()

    def test_whose_place_is_taken_hold_up_no_others(self, alice: Person, gateway: Gateway) -> None:
        alice.sent(jpeg(), message_id="m")
        alice.sent(png(), message_id="other")
        (gateway.outbox / "m").mkdir()
        (gateway.outbox / "m" / "somebody's").touch()
        assert gateway.once() == 1
        assert list(gateway.sent()) == ["other"]
        shutil.rmtree(gateway.outbox / "m")
        offer_again()
        assert gateway.once() == 0
        assert gateway.sent()["m"]["content"] == jpeg()

    @pytest.mark.faults
    def test_come_while_it_works(self, alice: Person, gateway: Gateway) -> None:
        with gateway.running():
            for number in range(5):
                alice.sent(jpeg(shade=number), message_id=f"m{number}")
            eventually(lambda: Media.objects.filter(delivery="sent").count() == 5)
        assert {message_id: told["content"] for message_id, told in gateway.sent().items()} == {
            f"m{number}": jpeg(shade=number) for number in range(5)
        }

    def test_are_handed_over_once_though_offered_twice(self, alice: Person, gateway: Gateway) -> None:
        alice.sent(jpeg(), message_id="m")
        assert gateway.once() == 0
        shutil.rmtree(gateway.outbox / "m")
        Media.objects.update(delivery="queued", claimed_until=None)
        assert gateway.once() == 0
        assert gateway.sent() == {}
        assert Media.objects.get().delivery == "sent"

    @pytest.mark.faults
    @pytest.mark.parametrize("fault", [damaged, one_byte_more, fault_proxy.cut_short, fault_proxy.refusing(404, "x")])
    def test_whose_bytes_are_damaged_are_left_and_offered_again(
        self, alice: Person, gateway: Gateway, door: Proxy, fault: Fault
    ) -> None:
        alice.sent(jpeg(), message_id="m")
        with door.failing(fault, methods=("GET",), where="/v1/links"):
            assert gateway.once() == 1
        assert (gateway.sent(), Media.objects.get().delivery) == ({}, "queued")
        offer_again()
        assert gateway.once() == 0
        assert gateway.sent()["m"]["content"] == jpeg()

    def test_are_given_up_at_last(self, alice: Person, gateway: Gateway, door: Proxy) -> None:
        alice.sent(jpeg(), message_id="m")
        with door.failing(damaged, methods=("GET",), where="/v1/links"):
            assert gateway.once("--give-up", "1") == 1
        assert Media.objects.get().delivery == "failed"

    def test_are_not_given_up_for_leases_that_ended_while_the_store_was_away(
        self, alice: Person, gateway: Gateway, door: Proxy
    ) -> None:
        alice.sent(jpeg(), message_id="m")
        Media.objects.update(claim_count=9)
        for fault in (busy, damaged):
            with door.failing(fault, methods=("GET",), where="/v1/links"):
                assert gateway.once("--give-up", "2") == 1
            offer_again()
            assert Media.objects.get().delivery == "queued"
        with door.failing(damaged, methods=("GET",), where="/v1/links"):
            assert gateway.once("--give-up", "2") == 1
        assert Media.objects.get().delivery == "failed"
        assert "m is given up: damaged or refused 2 times" in gateway.log

    def test_are_not_held_up_by_what_is_no_receipt(self, alice: Person, gateway: Gateway) -> None:
        alice.sent(jpeg(), message_id="m")
        gateway.hear({"message_id": "m"})
        gateway.hear({"message_id": "m", "state": "delivered", "at": "soon"})
        (gateway.outbox / "receipts" / "a-folder.json").mkdir()
        heard = {"message_id": "m", "network_message_id": None, "state": "delivered", "at": None}
        gateway.hear({"message_id": "nobody's", "state": "delivered"}, heard)
        assert gateway.once() == 0
        assert Media.objects.get().delivery == "delivered"
        assert len(list((gateway.outbox / "receipts").glob("*.refused"))) == 2

    def test_are_not_held_up_by_receipts_that_are_odd_files(self, alice: Person, gateway: Gateway) -> None:
        """Nested too deep to be read, or to be written again; with a name to add nothing to; of a day beyond all."""
        alice.sent(jpeg(), message_id="m")
        receipts = gateway.outbox / "receipts"
        receipts.mkdir()
        for depth in (900, 100_000):
            odd = '{"state": "read", "message_id": %s}' % ("[" * depth + "]" * depth)
            (receipts / f"deep-{depth}.json").write_text(odd)
        for last in "ab":
            (receipts / f"{'x' * 249}{last}.json").write_text("{")
        (receipts / "late.json").write_text('{"state": "read", "message_id": "nobody\'s"}')
        with suppress(OSError, OverflowError):
            os.utime(receipts / "late.json", (2**61, 2**61))
        assert gateway.once() == 0
        assert Media.objects.get().delivery == "sent"
        assert list(receipts.glob("*.json")) == []
        assert len([file for file in receipts.glob("*.refused") if file.read_text() == "{"]) == 2


def room_for(process: "subprocess.Popen[bytes]", size: int) -> None:
    """What the process may write into any file; as a disk that is full to it."""
    _, most = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size if size >= 0 else most, most))


@pytest.mark.faults
class TestAFullDisk:
    def test_is_waited_for_with_what_mediahub_has_taken(self, alice: Person, gateway: Gateway, door: Proxy) -> None:
        gateway.drop("a.jpg", jpeg(), message_id="a", caption="ü" * 1024)
        with gateway.running() as process:
            with door.failing(_handed_on_late, times=1, methods=("POST",), where="inbound"):
                eventually(lambda: door.seen)
                room_for(process, 4_000)
                door.released.set()
                eventually(lambda: len(door.seen) > 1)
            eventually(lambda: "waits: it cannot be noted" in gateway.log)
            room_for(process, -1)
            eventually(lambda: gateway.results("done"))
        assert Media.objects.count() == 1
        assert gateway.waiting_files() == []

    def test_is_waited_for_with_messages_to_send(self, alice: Person, gateway: Gateway) -> None:
        assert gateway.once() == 0
        with gateway.running() as process:
            eventually(lambda: "At work" in gateway.log)
            room_for(process, 4_000)
            alice.sent(jpeg(), message_id="m")
            eventually(lambda: "disk" in gateway.log)
            room_for(process, -1)

            def is_sent() -> bool:
                offer_again()
                return bool(gateway.sent())

            eventually(is_sent)
            eventually(lambda: Media.objects.get().delivery == "sent")

    def test_that_fills_once_a_message_was_handed_over_sends_it_no_second_time(
        self, alice: Person, gateway: Gateway
    ) -> None:
        """SQLite finds out about the function when the row is to be changed."""
        assert gateway.once() == 0
        gateway.change_the_journal("CREATE TRIGGER full BEFORE UPDATE ON messages BEGIN SELECT no_room_left(); END")
        alice.sent(jpeg(), message_id="m")
        with gateway.running():
            eventually(lambda: "no_room_left" in gateway.log)
            shutil.rmtree(gateway.outbox / "m")
            gateway.change_the_journal("DROP TRIGGER full")
            offer_again()
            eventually(lambda: Media.objects.get().delivery == "sent")
        assert gateway.sent() == {}

    def test_is_something_left_for_another_time(self, alice: Person, gateway: Gateway) -> None:
        assert gateway.once() == 0
        gateway.change_the_journal("CREATE TRIGGER full BEFORE INSERT ON receipts BEGIN SELECT no_room_left(); END")
        gateway.hear({"message_id": "nobody's", "state": "read"})
        assert gateway.once() == 1
        gateway.change_the_journal("DROP TRIGGER full")
        assert gateway.once() == 0
        assert list((gateway.outbox / "receipts").iterdir()) == []


# What MediaHub has done by then: nothing, or all of it and nobody has heard so.
def done_and_silent(handler: Handler, body: bytes) -> None:
    handler.ask(body)
    fault_proxy.silent(handler, body)


@pytest.mark.faults
class TestAGatewayThatIsKilled:
    @pytest.mark.parametrize("fault", [fault_proxy.silent, done_and_silent])
    def test_while_it_hands_in_makes_one_message_in_the_end(
        self, alice: Person, gateway: Gateway, door: Proxy, fault: Fault
    ) -> None:
        gateway.drop("a.jpg", jpeg())
        with door.failing(fault, methods=("POST",), where="inbound"), gateway.running() as process:
            eventually(lambda: door.seen)
            process.kill()
        assert gateway.once() == 0
        assert Media.objects.count() == len(gateway.results("done")) == 1
        assert gateway.waiting_files() == []

    def test_while_it_downloads_hands_over_once(self, alice: Person, gateway: Gateway, door: Proxy) -> None:
        alice.sent(jpeg(), message_id="m")
        with door.failing(fault_proxy.silent, methods=("GET",), where="/v1/links"), gateway.running() as process:
            eventually(lambda: door.seen)
            process.kill()
        offer_again()
        assert gateway.once() == 0
        assert gateway.sent()["m"]["content"] == jpeg()

    @pytest.mark.parametrize("fault", [fault_proxy.silent, done_and_silent])
    def test_while_it_reports_hands_over_once(self, alice: Person, gateway: Gateway, door: Proxy, fault: Fault) -> None:
        alice.sent(jpeg(), message_id="m")
        with door.failing(fault, methods=("POST",), where="receipts"), gateway.running() as process:
            eventually(lambda: door.seen)
            process.kill()
        shutil.rmtree(gateway.outbox / "m")
        offer_again()
        assert gateway.once() == 0
        assert (gateway.sent(), Media.objects.get().delivery) == ({}, "sent")

    @pytest.mark.parametrize("was_handed_over", [True, False])
    def test_while_it_hands_over_looks_whether_it_did(
        self, alice: Person, gateway: Gateway, was_handed_over: bool
    ) -> None:
        """The journal says "begun": only the folders tell the rest."""
        media = alice.sent(jpeg(), message_id="m")
        assert gateway.once() == 0
        gateway.forget_the_end_of("m")
        if not was_handed_over:
            (gateway.outbox / "m").rename(gateway.outbox / ".staging" / "m")
        Media.objects.update(delivery="queued")
        assert gateway.once() == 0
        assert list(gateway.sent()) == ["m"]
        assert alice.api.get(f"/v1/media/{media['id']}").json()["delivery"] == "sent"

    @pytest.mark.faults
    def test_again_and_again_loses_nothing(self, alice: Person, gateway: Gateway) -> None:
        for number in range(20):
            gateway.drop(f"{number}.png", png(shade=number))
            alice.sent(jpeg(shade=number), message_id=f"m{number}")
        for delay in range(8):
            with gateway.running("--max", "3") as process, pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.25 + delay / 20)
            offer_again()

        def is_all_sent() -> bool:
            # A claim may be carried out after whoever made it was killed.
            offer_again()
            assert gateway.once() == 0
            return not Media.objects.filter(delivery="queued").exists()

        eventually(is_all_sent)
        received = Media.objects.filter(direction="inbound")
        assert (received.count(), len(gateway.results("done"))) == (20, 20)
        assert {told["content"] for told in gateway.sent().values()} == {jpeg(shade=number) for number in range(20)}


@pytest.mark.faults
@pytest.mark.faults
class TestAServerThatIsAway:
    @pytest.mark.parametrize("fault", [busy, fault_proxy.reset, fault_proxy.answer_lost, fault_proxy.refusing(403, "")])
    def test_is_waited_for(self, alice: Person, gateway: Gateway, door: Proxy, fault: Fault) -> None:
        gateway.drop("a.jpg", jpeg())
        alice.sent(png(), message_id="m")
        with door.failing(fault, times=3, methods=("POST", "GET")), gateway.running():
            eventually(lambda: gateway.results("done"))
            while not gateway.sent():
                # A claim whose answer was lost is over when its lease is.
                offer_again()
                time.sleep(0.1)
            eventually(lambda: Media.objects.filter(delivery="sent").exists())
        assert Media.objects.filter(direction="inbound").count() == 1
        assert "MediaHub is away" in gateway.log

    @pytest.mark.parametrize(
        "fault",
        [
            answering(200, b'{"messages": []}', Retry_After="9" * 400),
            answering(503, b"", Retry_After="1 Jan 99999999999999999999 10:00:00 GMT"),
            answering(200, b"[" * 100_000),
        ],
    )
    def test_may_talk_nonsense(self, alice: Person, gateway: Gateway, door: Proxy, fault: Fault) -> None:
        with door.failing(fault, methods=("POST",)), gateway.running() as process:
            eventually(lambda: door.seen)
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(1)

    @pytest.mark.parametrize("content", [b"{}", b"[]", b"null", b'{"status": "ok"}'])
    def test_is_not_taken_for_whoever_answers_in_its_place(
        self, alice: Person, gateway: Gateway, door: Proxy, content: bytes
    ) -> None:
        gateway.drop("a.jpg", jpeg())
        with door.failing(answering(200, content), methods=("POST",)):
            assert gateway.once() == 1
        assert "is this MediaHub's address?" in gateway.log
        assert len(gateway.waiting_files()) == 1
        assert gateway.results("done") == []

    def test_leaves_everything_where_it_is(self, alice: Person, gateway: Gateway, door: Proxy) -> None:
        gateway.drop("a.jpg", jpeg())
        with door.failing(busy, methods=("POST",)):
            assert gateway.once() == 1
        assert len(gateway.waiting_files()) == 1


@pytest.mark.faults
class TestStopping:
    def test_ends_at_once_where_there_is_nothing_to_do(self, alice: Person, gateway: Gateway) -> None:
        with gateway.running() as process:
            eventually(lambda: "At work" in gateway.log)
            process.send_signal(signal.SIGINT)
            assert process.wait(SECONDS) == 0

    def test_finishes_what_is_in_hand(self, alice: Person, gateway: Gateway, door: Proxy) -> None:
        gateway.drop("a.jpg", jpeg())
        with door.failing(_handed_on_late, times=1, methods=("POST",), where="inbound"), gateway.running() as process:
            eventually(lambda: door.seen)
            process.terminate()
            eventually(lambda: "Stopping" in gateway.log)
            door.released.set()
            assert process.wait(SECONDS) == 0
        assert len(gateway.results("done")) == 1


def _handed_on_late(handler: Handler, body: bytes) -> None:
    handler.proxy.released.wait(SECONDS)
    fault_proxy.hand_on(handler, body)


class TestAGatewayThatMayNot:
    def test_work_with_a_key_that_is_none_says_so_and_keeps_the_files(self, alice: Person, gateway: Gateway) -> None:
        gateway.drop("a.jpg", jpeg())
        gateway.env["MEDIAHUB_GATEWAY_KEY"] = "mhk_nobody"
        with gateway.running() as process:
            assert process.wait(SECONDS) == 3
        assert "unauthenticated" in gateway.log
        assert "mhk_nobody" not in gateway.log
        assert len(gateway.waiting_files()) == 1

    def test_work_for_a_device_that_is_gone_says_so(self, alice: Person, gateway: Gateway) -> None:
        assert alice.api.delete(device_url(alice.device)).status_code == 204
        assert gateway.once() == 3

    def test_share_its_folders_with_another(self, alice: Person, gateway: Gateway) -> None:
        with gateway.running():
            eventually(lambda: "At work" in gateway.log)
            assert gateway.once() == 2

    def test_share_its_outbox_with_another_device_whose_messages_may_have_the_same_ids(
        self, alice: Person, gateway: Gateway
    ) -> None:
        alice.sent(jpeg(), message_id="order-1")
        assert gateway.once() == 0
        other = alice.another_device()
        assert alice.api.send(other, png(), message_id="order-1").status_code == 201
        gateway.env["MEDIAHUB_DEVICE_ID"] = str(other.pk)
        assert gateway.once() == 2
        assert f"was sent for device {alice.device.pk}: give another --outbox" in gateway.log
        assert Media.objects.get(device=other).delivery == "queued"

        gateway.outbox = gateway.outbox.with_name("another-outbox")
        assert gateway.once() == 0
        assert gateway.sent()["order-1"]["content"] == png()

    def test_share_an_outbox_from_before_outboxes_had_a_device_once_it_has_one(
        self, alice: Person, gateway: Gateway
    ) -> None:
        alice.sent(jpeg(), message_id="m")
        assert gateway.once() == 0
        gateway.change_the_journal("DROP TABLE device")
        Media.objects.update(delivery="queued", claimed_until=None)
        assert gateway.once() == 0
        assert (gateway.log.count("is handed over as"), Media.objects.get().delivery) == (1, "sent")
        gateway.env["MEDIAHUB_DEVICE_ID"] = str(alice.device.pk).upper()
        assert gateway.once() == 0
        gateway.env["MEDIAHUB_DEVICE_ID"] = str(alice.another_device().pk)
        assert gateway.once() == 2

    def test_use_its_folders_says_which_and_why(self, alice: Person, gateway: Gateway) -> None:
        (gateway.inbox / "done").touch()
        assert gateway.once() == 2
        assert f"{gateway.inbox}/done cannot be used: File exists" in gateway.log
        (gateway.inbox / "done").unlink()
        (gateway.outbox / ".journal.sqlite3").write_text("no journal " * 100)
        assert gateway.once() == 2
        assert f"{gateway.outbox}/.journal.sqlite3 cannot be used: file is not a database" in gateway.log

    @pytest.mark.parametrize(
        "options",
        [
            ["--url", "media.example.com"],
            ["--url", "http://127.0.0.1:port"],
            ["--url", "http://127.0.0.1:80000"],
            ["--url", "http://[::1"],
            ["--wait", "31"],
            ["--max", "0"],
            ["--settle", "-1"],
        ],
    )
    def test_be_started_like_that_is_told_how(self, tmp_path: Path, options: list[str]) -> None:
        gateway = Gateway(url="http://127.0.0.1:1", key="mhk_alice", device_id="1", folder=tmp_path)
        assert gateway.once(*options) == 2
        assert "usage: gateway.py" in gateway.log


class TestHelp:
    def test_teaches(self) -> None:
        shown = subprocess.run([sys.executable, str(PROGRAM), "--help"], check=True, capture_output=True, text=True)
        for word in ("MEDIAHUB_GATEWAY_KEY", "--inbox", "exit codes", "a first try"):
            assert word in shown.stdout

    def test_it_needs_nothing_of_the_project(self) -> None:
        """Isolated, with the standard library alone."""
        program = f"import sys; sys.path = [p for p in sys.path if 'site-packages' not in p]; sys.path.insert(0, {json.dumps(str(PROGRAM.parent))}); import gateway"  # noqa: E501 - one line of code
        subprocess.run([sys.executable, "-I", "-c", program], check=True)
