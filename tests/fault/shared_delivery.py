#!/usr/bin/env python3
"""Two `lucerna serve` on one PostgreSQL and one bucket of Ceph's radosgw, and a peer that takes its time:
it answers each C-STORE so slowly that a delivery goes on for many times its lease.

    LUCERNA_BIN=... PYTHONPATH=.deps/python:tests/e2e tests/fault/shared_delivery.py

While the one that delivers lives, the other leaves it alone, and the peer gets each object once. One that
is halted in the middle loses the delivery to the other, and stops when it goes on. Ends with 77 where
PostgreSQL or radosgw is not installed.
"""
import collections
import contextlib
import pathlib
import shutil
import signal
import sys
import tempfile
import threading
import time

from pynetdicom import AE, AllStoragePresentationContexts, evt

import shared_servers
from shared_servers import LEASED, RESULTS, ExamSender, Site
from whole_program import phantom, wait_for

services = shared_servers.services
LEASE_SECONDS, ANSWER_SECONDS = 3, 2.5
DONE = 2


class SlowPeer:
    """Counts what it is sent, and by how many associations at once."""

    def __init__(self):
        self.lock = threading.Lock()
        self.times = collections.Counter()
        self.inside, self.most_inside = set(), 0
        ae = AE(ae_title="SLOW")
        for context in AllStoragePresentationContexts:
            ae.add_supported_context(context.abstract_syntax)
        self.server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=[
            (evt.EVT_C_STORE, self.take), (evt.EVT_RELEASED, self.left), (evt.EVT_ABORTED, self.left),
            (evt.EVT_CONN_CLOSE, self.left)])
        self.port = self.server.socket.getsockname()[1]

    def take(self, event):
        with self.lock:
            self.inside.add(event.assoc)
            self.most_inside = max(self.most_inside, len(self.inside))
            self.times[event.request.AffectedSOPInstanceUID] += 1
        time.sleep(ANSWER_SECONDS)
        return 0x0000

    def left(self, event):
        with self.lock:
            self.inside.discard(event.assoc)


def delivery(site, study):
    """Who has it or had it last, by number, and its state; None before it is queued."""
    found = site.postgres.ask("SELECT process, state FROM jobs WHERE kind = 'deliver:slow' AND "
                              f"subject = '{study}'")
    if not found or found[0][0] not in site.names:
        return None
    return site.names.index(found[0][0]), int(found[0][1])


def is_done(site, study):
    return (delivery(site, study) or (0, 0))[1] == DONE


def send_exam(site, number):
    sender = ExamSender(site, phantom(str(site.folder / f"exam-{number}"), number), f"delivery {number}")
    sender.start()
    sender.join()
    return sender.study


def leave_alone_who_is_slow(site, peer):
    study = send_exam(site, 200)
    wait_for(lambda: is_done(site, study), "the delivery to be done")
    assert len(peer.times) == RESULTS, peer.times
    doubled = {uid: times for uid, times in peer.times.items() if times > 1}
    assert not doubled, f"sent twice: {doubled}"
    assert peer.most_inside == 1, f"{peer.most_inside} associations at once"
    print(f"{RESULTS} objects in {RESULTS * ANSWER_SECONDS:.0f} s by a lease of {LEASE_SECONDS} s, each once")


def take_over_from_who_is_halted(site, peer):
    for number in range(201, 221):
        peer.times.clear()
        study = send_exam(site, number)
        wait_for(lambda: len(peer.times) >= 2, "the delivery to go on")
        victim, state = delivery(site, study)
        assert state == LEASED
        site.servers[victim].process.send_signal(signal.SIGSTOP)
        time.sleep(0.3)
        is_writing = shared_servers.is_writing(site)
        if not is_writing:
            wait_for(lambda: delivery(site, study) == (1 - victim, LEASED), "the other server to take it over")
        site.servers[victim].process.send_signal(signal.SIGCONT)
        if is_writing:
            wait_for(lambda: is_done(site, study), "the delivery to be done")
            continue
        wait_for(lambda: any(event["kind"] == "deliver:slow" for event in site.events("worker.lease-lost")),
                 "the first one to see that it has lost it")
        wait_for(lambda: is_done(site, study), "the delivery to be done")
        assert delivery(site, study) == (1 - victim, DONE)
        assert len(peer.times) == RESULTS, peer.times
        more = sum(peer.times.values()) - RESULTS
        assert more < RESULTS, "both sent all of it"
        print(f"halted: {more} of {RESULTS} objects were sent by both")
        return
    raise AssertionError("none was met but in the middle of a transaction")


def main():
    if services.Postgres.programs() is None or any(
            shutil.which(program) is None for program in services.Radosgw.PROGRAMS):
        print("skipped: PostgreSQL or radosgw is not installed")
        return 77
    folder = pathlib.Path(tempfile.mkdtemp(prefix="lucerna-delivery-"))
    folder.chmod(0o755)  # the database's own user comes by
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        peer = SlowPeer()
        stack.callback(peer.server.shutdown)
        site = Site(folder, stack)
        for number in (0, 1):
            config = site.config(number)
            config.write_text(f"delivery_lease_seconds = {LEASE_SECONDS}\n{config.read_text()}"
                              f'[[destination]]\nname = "slow"\naet = "SLOW"\nhost = "127.0.0.1"\n'
                              f"port = {peer.port}\n")
            site.start(number)
        leave_alone_who_is_slow(site, peer)
        take_over_from_who_is_halted(site, peer)
        assert site.end_all(signal.SIGTERM) == [0, 0]
    return 0


if __name__ == "__main__":
    sys.exit(main())
