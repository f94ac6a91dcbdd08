"""A modality that insists: what was not acknowledged is sent again, over a new association."""
import hashlib
import random
import threading
import time

from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid
from pynetdicom import AE
from pynetdicom.dsutils import encode

from sealed_at_rest import instance


class InsistingSender(threading.Thread):
    """Sends new objects of five patients by C-STORE until `stop` is set and the last is acknowledged, or
    until the server is gone for good (`give_up`)."""

    def __init__(self, port, seed, sizes=(40, 300, 700, 1600)):
        super().__init__()
        self.port, self.random, self.sizes = int(port), random.Random(seed), sizes
        # The patients are those of the other senders, too: their data keys are shared.
        self.studies = {f"P{number}": generate_uid() for number in range(5)}
        self.acknowledged, self.sent = {}, {}
        self.stop, self.give_up = threading.Event(), threading.Event()
        self.refusals = []
        self.timed_out = False
        self.association = None
        self.ae = AE(ae_title="SENDER")
        self.ae.add_requested_context(SecondaryCaptureImageStorage, ExplicitVRLittleEndian)
        # Longer than an object store is waited for; pynetdicom itself loses an answer once in a while.
        self.ae.acse_timeout = self.ae.dimse_timeout = self.ae.network_timeout = 40

    def status_of(self, d):
        """None where the association broke."""
        if self.association is None or not self.association.is_established:
            self.association = self.ae.associate("127.0.0.1", self.port, ae_title="LUCERNA")
        if not self.association.is_established:
            return None
        try:
            status = self.association.send_c_store(d).get("Status")
            self.timed_out = self.timed_out or status is None
            return status
        except Exception:  # it broke in the middle
            return None

    def new_object(self):
        return instance(*self.random.choice(list(self.studies.items())), size=self.random.choice(self.sizes))

    def insist(self, d):
        """Sends it until it is acknowledged, or `give_up` is set."""
        digest = hashlib.sha256(encode(d, False, True)).hexdigest()
        self.sent[d.SOPInstanceUID] = (d, digest)
        while not self.give_up.is_set():
            status = self.status_of(d)
            if status == 0x0000:
                self.acknowledged[d.SOPInstanceUID] = (d, digest)
                break
            if status is not None:
                self.refusals.append(status)
            time.sleep(0.05)

    def run(self):
        while not self.stop.is_set() and not self.give_up.is_set():
            self.insist(self.new_object())
        if self.association is not None and self.association.is_established:
            self.association.release()


def start_senders(port, count=4, **options):
    senders = [InsistingSender(port, seed, **options) for seed in range(count)]
    for sender in senders:
        sender.start()
    return senders


def end_senders(senders):
    """Each has its last object acknowledged."""
    for sender in senders:
        sender.stop.set()
    for sender in senders:
        sender.join(600)
        assert not sender.is_alive(), "an object is not acknowledged though nothing fails any more"
