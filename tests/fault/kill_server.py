#!/usr/bin/env python3
"""Kills a `lucerna serve` at random moments under four senders (C-STORE by pynetdicom).

    LUCERNA_BIN=... PYTHONPATH=.deps/python:tests/e2e tests/fault/kill_server.py [ROUNDS [SEED]]

Each round: the server starts on the same data folder, four associations send new objects until it is
killed. Every object that got a success status must be there, bit for bit, and be found by a search;
none may be half there; what was not acknowledged may be there, but then whole. ROUNDS is 5 unless
given. After the last the server is killed while objects come that do not say yet whose they are, and
the index is lost: it is made anew of what was acknowledged, and nothing else is found.
"""
import hashlib
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid
from pynetdicom import AE
from pynetdicom.dsutils import encode

from hostile_senders import EXPLICIT, element, image, native, send
from sealed_at_rest import instance
from whole_program import LUCERNA, Server

SENDERS = 4


class Sender(threading.Thread):
    """Sends until its association breaks; keeps the digest of what was acknowledged."""

    def __init__(self, port, seed):
        super().__init__()
        self.port, self.random = int(port), random.Random(seed)
        # The patients are those of the other senders, too: their data keys are shared.
        self.studies = {f"P{number}": generate_uid() for number in range(5)}
        self.acknowledged, self.sent = {}, {}

    def run(self):
        ae = AE(ae_title="SENDER")
        ae.add_requested_context(SecondaryCaptureImageStorage, ExplicitVRLittleEndian)
        ae.acse_timeout = ae.network_timeout = 30
        # Where the connection ends in the moment before a request, pynetdicom waits all of this for an
        # answer that nobody can give any more.
        ae.dimse_timeout = 5
        association = ae.associate("127.0.0.1", self.port, ae_title="LUCERNA")
        while association.is_established:
            d = instance(*self.random.choice(list(self.studies.items())),
                         size=self.random.choice((40, 300, 700, 1600)))
            digest = hashlib.sha256(encode(d, False, True)).hexdigest()
            self.sent[d.SOPInstanceUID] = (d, digest)
            try:
                status = association.send_c_store(d)
            except Exception:  # the server is gone
                break
            if status and status.Status == 0x0000:
                self.acknowledged[d.SOPInstanceUID] = (d, digest)
            time.sleep(self.random.random() * 0.01)
        association.abort()


def data_set_of(part10):
    """What follows the file meta (PS3.10 7.1): its group length stands at byte 140."""
    return part10[144 + int.from_bytes(part10[140:144], "little"):]


def stored_digest(server, d):
    """None where the object is not there."""
    request = urllib.request.Request(
        f"{server.url}/dicom-web/studies/{d.StudyInstanceUID}/series/{d.SeriesInstanceUID}"
        f"/instances/{d.SOPInstanceUID}", headers={"Accept": "application/dicom"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return hashlib.sha256(data_set_of(answer.read())).hexdigest()
    except urllib.error.HTTPError as error:
        with error:
            if error.code != 404:
                raise AssertionError(f"{d.SOPInstanceUID}: {error.code} {error.read()}") from error
        return None


def check(server, senders):
    """Returns how many objects were acknowledged, and how many more are there."""
    acknowledged = more = 0
    for sender in senders:
        query = "/dicom-web/instances?limit=100000&StudyInstanceUID="
        found = {each["00080018"]["Value"][0] for study in sender.studies.values()
                 for each in server.get(query + study)}
        for uid, (d, digest) in sender.sent.items():
            stored = stored_digest(server, d)
            if uid in sender.acknowledged:
                acknowledged += 1
                assert stored == digest, f"{uid} was acknowledged and is {stored}"
                assert uid in found, f"{uid} was acknowledged and is not indexed"
            elif stored is not None:
                more += 1
                assert stored == digest and uid in found, f"{uid} is half there"
    return acknowledged, more


def nobodys(number, size=300 << 20):
    """Its pixels stand before its patient."""
    rest = image(f"2.999.13.1.{number}", b"", study="2.999.13")
    uids = rest.index(element(0x08, 0x60, "CS", "OT"))
    return rest[:uids] + native(size) + rest[uids:]


def kill_before_they_say_whose(server, data):
    """Returns how many had begun to be sealed."""
    def try_to_send(number):
        try:
            send(server, EXPLICIT, nobodys(number))
        except Exception:  # the server is gone
            pass
    incoming = data / "objects" / "incoming"
    senders = [threading.Thread(target=try_to_send, args=(number,)) for number in range(3)]
    for sender in senders:
        sender.start()

    def begun():
        return sum(file.stat().st_size > 1 << 20 for file in incoming.iterdir())
    while begun() < len(senders) and any(sender.is_alive() for sender in senders):
        time.sleep(0.001)
    server.end(signal.SIGKILL)
    for sender in senders:
        sender.join()
    return begun()


def lose_index(data):
    """Rebuilds it; what `lucerna reindex` and `lucerna verify` say."""
    for file in data.glob("index.sqlite*"):
        file.unlink()
    runs = [subprocess.run([LUCERNA, verb, "--data", data], capture_output=True, text=True) for verb in ("reindex", "verify")]
    for run in runs:
        assert run.returncode == 0, run.stdout + run.stderr
    return runs[0].stdout + runs[1].stdout


def main(rounds, seed):
    chance = random.Random(seed)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="lucerna-kill-"))
    data = folder / "data"
    acknowledged = more = 0
    senders = []
    try:
        for number in range(rounds + 1):
            server = Server(str(data), "--set", "quiet_seconds=86400")
            counts = check(server, senders)
            acknowledged, more = acknowledged + counts[0], more + counts[1]
            if number == rounds:
                assert server.end() == 0
                break
            senders = [Sender(server.dicom_port, chance.random()) for _ in range(SENDERS)]
            for sender in senders:
                sender.start()
            time.sleep(0.1 + chance.random() * 1.2)
            server.end(signal.SIGKILL)
            for sender in senders:
                sender.join()
            if (number + 1) % 20 == 0:
                print(f"{number + 1} rounds, {acknowledged} acknowledged and there", flush=True)
        run = subprocess.run([LUCERNA, "verify", "--data", data], capture_output=True, text=True)
        assert run.returncode == 0, run.stdout + run.stderr
        assert run.stdout.startswith(f"{acknowledged + more} instances"), run.stdout
        print(f"{rounds} rounds, seed {seed}: {acknowledged} objects acknowledged, all there; "
              f"{more} more were whole and not yet acknowledged")
        print(run.stdout, end="")
        server = Server(str(data), "--set", "quiet_seconds=86400")
        begun = kill_before_they_say_whose(server, data)
        assert begun > 0, "none had begun to be sealed"
        said = lose_index(data)
        assert f"{acknowledged + more} instances" in said, said
        print(f"killed again while {begun} came that did not say whose they are, and the index lost:\n{said}", end="")
    except AssertionError:
        print(f"seed {seed}; the data folder is left at {data}", file=sys.stderr)
        folder = None
        raise
    finally:
        if folder:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5,
         int(sys.argv[2]) if len(sys.argv) > 2 else 20260301)
