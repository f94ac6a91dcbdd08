#!/usr/bin/env python3
"""Two `lucerna serve` on one PostgreSQL and one bucket of Ceph's radosgw, of which one or the other is
killed at random moments under four senders (C-STORE by pynetdicom) that send to both.

    LUCERNA_BIN=... PYTHONPATH=.deps/python:tests/e2e tests/fault/shared_servers.py [ROUNDS [SEED]]

Each round one server is killed and started again, or killed in the middle of a reading, or halted in the
middle of one until the other has taken it over. Every object that got a success status is there bit for
bit, by either server, and indexed once; every exam is read once; nothing lies in the bucket that the
index does not know. ROUNDS is 6 unless given. Ends with
77 where PostgreSQL or radosgw is not installed.
"""
import collections
import contextlib
import json
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian, RawDataStorage
from pynetdicom import AE

from insisting_sender import InsistingSender, end_senders
from kill_server import check
from whole_program import LUCERNA, ROOT, Server, phantom, wait_for

sys.path.insert(0, str(ROOT / "tests" / "support"))
import services  # noqa: E402

SENDERS = 4
PAUSE_SECONDS, QUICK = 0.7, 40
RESULTS = 6  # of an exam of a phantom
# store::JobState, store::ExamState, store::Role
LEASED = 1
READ, REFUSED = 3, 4
RESULT = 1


class Site:
    """PostgreSQL, the bucket and the two servers, by number."""

    def __init__(self, folder, stack):
        self.folder = folder
        self.postgres = services.Postgres(folder)
        stack.callback(self.postgres.stop)
        self.ceph = services.Radosgw(folder)
        stack.callback(self.ceph.stop)
        secret = folder / "s3-keys"
        secret.write_text(f"access_key {services.ACCESS_KEY}\nsecret_key {services.SECRET_KEY}\n")
        secret.chmod(0o600)
        for number in (0, 1):
            self.config(number).write_text(f"""data = "{folder}/data-{number}"
keys = "file:{folder}/kek.json"
quiet_seconds = 8
reading_lease_seconds = 5
[store]
index = "postgres:{self.postgres.environment()["LUCERNA_TEST_POSTGRES"]}"
objects = "s3"
s3_endpoint = "{self.ceph.endpoint()}"
s3_bucket = "{services.BUCKET}"
s3_keys = "{secret}"
""")
        self.servers, self.names, self.known = [None, None], [None, None], set()
        stack.callback(self.end_all, signal.SIGKILL)

    def config(self, number):
        return self.folder / f"{number}.toml"

    def start(self, number):
        self.servers[number] = Server(str(self.folder / f"data-{number}"), "--config",
                                      str(self.config(number)))
        (self.names[number],) = self.processes() - self.known
        self.known.add(self.names[number])

    def end(self, number, how):
        server, self.servers[number] = self.servers[number], None
        return server.end(how)

    def end_all(self, how):
        return [self.end(number, how) for number in (0, 1) if self.servers[number]]

    def ports(self):
        return [int(server.dicom_port) for server in self.servers if server]

    def processes(self):
        return {name for name, in self.postgres.ask("SELECT name FROM processes")}

    def reader_of(self, study):
        """The name of the process that reads it just then, or empty."""
        found = self.postgres.ask("SELECT process FROM jobs WHERE kind = 'read' AND "
                                  f"state = {LEASED} AND subject = '{study}'")
        return found[0][0] if found else ""

    def is_read(self, study):
        return self.postgres.ask("SELECT 1 FROM exams WHERE study_instance_uid = "
                                 f"'{study}' AND state = {READ}") != []

    def events(self, name):
        """That both servers logged, from their first start on."""
        for number in (0, 1):
            for line in (self.folder / f"data-{number}.log").read_text().splitlines():
                if f'"event":"{name}"' in line:
                    yield json.loads(line)


class Sender(InsistingSender):
    """Sends to one server for a while and then to the other, and at once where one is gone. No images:
    what it sends is not read."""

    def __init__(self, site, seed):
        super().__init__(0, seed)
        self.site = site
        self.ae.add_requested_context(RawDataStorage, ExplicitVRLittleEndian)

    def new_object(self):
        # On a busy machine the rounds last long, and what was sent is fetched twice in the end.
        time.sleep(self.random.random() * (PAUSE_SECONDS if len(self.sent) < QUICK else 10 * PAUSE_SECONDS))
        d = super().new_object()
        d.SOPClassUID = RawDataStorage
        del d.Rows, d.Columns
        return d

    def status_of(self, d):
        if self.association is not None and self.random.random() < 0.05:
            self.association.release()
        ports = self.site.ports()
        self.port = self.random.choice(ports) if ports else self.port
        return super().status_of(d)


class ExamSender(Sender):
    """Sends one exam, each view to whichever server."""

    def __init__(self, site, files, seed):
        super().__init__(site, seed)
        self.views = [dcmread(file) for file in files]
        self.study = str(self.views[0].StudyInstanceUID)
        self.studies = {self.views[0].PatientID: self.study}
        self.ae = AE(ae_title="MAMMO")
        for sop_class, syntax in {(d.SOPClassUID, d.file_meta.TransferSyntaxUID) for d in self.views}:
            self.ae.add_requested_context(sop_class, syntax)
        self.ae.acse_timeout = self.ae.dimse_timeout = self.ae.network_timeout = 40

    def run(self):
        for d in self.views:
            self.insist(d)
            self.association.release()


class Exams:
    """Those that are sent to be read."""

    def __init__(self, site, seed):
        self.site, self.seed, self.senders = site, seed, []

    def send(self):
        """One more; on return it is acknowledged."""
        number = 100 + len(self.senders)
        files = phantom(str(self.site.folder / f"exam-{number}"), number)
        sender = ExamSender(self.site, files, f"{self.seed} {number}")
        self.senders.append(sender)
        sender.start()
        sender.join()
        return sender


def kill_one(site, chance):
    victim = chance.randrange(2)
    time.sleep(0.2 + chance.random() * 1.5)
    site.end(victim, signal.SIGKILL)
    time.sleep(chance.random() * 1.5)
    site.start(victim)


def readings(site, exams):
    """Of new exams, each with the number of the server that is at it."""
    for _ in range(20):
        study = exams.send().study
        services.wait_until(lambda: site.reader_of(study) or site.is_read(study), "a reading")
        reader = site.reader_of(study)
        if reader in site.names:
            yield study, site.names.index(reader)
    raise AssertionError("none was met in the middle of a reading")


def kill_a_reader(site, exams):
    """What it was at the other one does then, before this one comes back."""
    for study, victim in readings(site, exams):
        site.end(victim, signal.SIGKILL)
        was_read = site.is_read(study)
        wait_for(lambda: site.is_read(study), "the other server to read what this one left")
        site.start(victim)
        if not was_read:
            return


def is_writing(site):
    """Everybody else would wait for who is halted so, until PostgreSQL ends that."""
    return site.postgres.ask("SELECT 1 FROM pg_stat_activity WHERE application_name = 'lucerna' AND state "
                             "LIKE 'idle in transaction%'") != []


def halt_a_reader(site, exams):
    """It is not gone, only slow: its lease runs out, and what it saves then counts no more."""
    for study, victim in readings(site, exams):
        site.servers[victim].process.send_signal(signal.SIGSTOP)
        time.sleep(0.3)
        in_the_middle = is_writing(site)
        was_read = site.is_read(study)
        if not in_the_middle and not was_read:
            wait_for(lambda: site.is_read(study), "the other server to take the reading over")
        site.servers[victim].process.send_signal(signal.SIGCONT)
        if not in_the_middle and not was_read:
            return


def check_readings(site, exams):
    """Each exam is read, once as it is now, and none of its results is doubled."""
    def is_settled():
        return not site.postgres.ask("SELECT 1 FROM exams WHERE state NOT IN "
                                     f"({READ}, {REFUSED}) LIMIT 1")
    wait_for(is_settled, "every exam to be read")
    doubled = site.postgres.ask("SELECT study_instance_uid, revision FROM readings GROUP BY 1, 2 "
                                "HAVING count(*) > 1")
    assert not doubled, f"read twice: {doubled}"
    unread = site.postgres.ask(
        "SELECT study_instance_uid FROM exams x WHERE NOT EXISTS (SELECT 1 FROM readings r WHERE "
        "r.study_instance_uid = x.study_instance_uid AND r.revision = x.revision)")
    assert not unread, f"no reading of what they are now: {unread}"
    undone = site.postgres.ask("SELECT job_key, state, problem FROM jobs WHERE state <> 2")
    assert not undone, f"left in the queue: {undone}"
    for exam in exams:
        results = site.postgres.ask(
            "SELECT i.sop_instance_uid FROM instances i JOIN series e ON e.id = i.series JOIN studies s "
            f"ON s.id = e.study WHERE s.study_instance_uid = '{exam.study}' AND i.role = {RESULT}")
        assert len(results) == RESULTS, f"{exam.study} has {len(results)} results"
    logged = collections.Counter(event["exam"] for event in site.events("exam.read"))
    for exam in exams:
        assert logged[exam.study] <= 1, f"{exam.study} was read {logged[exam.study]} times"


def check_bucket(site):
    """Names of what was swept stay for an hour (src/store/object_bucket.cpp)."""
    known = {f"objects/{name[:2]}/{name}" for name, in site.postgres.ask("SELECT object FROM instances")}
    known |= {f"keys/{name}" for name, in site.postgres.ask("SELECT name FROM data_keys")}
    known.add("keys/" + "0" * 32)  # the mark that index and bucket are of one archive
    left = [key for key in site.ceph.keys() if key not in known and not key.startswith(("swept/", "erased/"))]
    assert not left, f"nobody refers to {left}"


def run(site, rounds, seed):
    chance = random.Random(seed)
    site.start(0)
    site.start(1)
    exams = Exams(site, seed)
    senders = [Sender(site, f"{seed} {number}") for number in range(SENDERS)]
    for sender in senders:
        sender.start()
    try:
        for number in range(rounds):
            if number % 3 == 0:
                kill_one(site, chance)
            elif number % 3 == 1:
                kill_a_reader(site, exams)
            else:
                halt_a_reader(site, exams)
        end_senders(senders)
    finally:
        for sender in senders:
            sender.give_up.set()
    check_readings(site, exams.senders)
    kept = set()
    for server in site.servers:
        acknowledged, more = check(server, senders + exams.senders)
        assert more == 0, "each was sent until it was acknowledged"
        kept.add(acknowledged)
    assert site.end_all(signal.SIGTERM) == [0, 0]
    # Whoever starts sweeps.
    site.start(0)
    assert site.end_all(signal.SIGTERM) == [0]
    check_bucket(site)
    results = int(site.postgres.ask(f"SELECT count(*) FROM instances WHERE role = {RESULT}")[0][0])
    said = subprocess.run([LUCERNA, "verify", "--config", site.config(0)], capture_output=True, text=True)
    assert said.returncode == 0, said.stdout + said.stderr
    (acknowledged,) = kept
    assert said.stdout.startswith(f"{acknowledged + results} instances"), said.stdout
    assert "0 damaged" in said.stdout, said.stdout
    taken_over = sum(event["leases_and_exams_freed"] for event in site.events("store.taken-over"))
    print(f"{rounds} rounds: {acknowledged} objects acknowledged and there, {len(exams.senders)} exams "
          f"read once, {taken_over} leases and exams taken over")


def main(rounds, seed):
    if services.Postgres.programs() is None or any(
            shutil.which(program) is None for program in services.Radosgw.PROGRAMS):
        print("skipped: PostgreSQL or radosgw is not installed")
        return 77
    folder = pathlib.Path(tempfile.mkdtemp(prefix="lucerna-servers-"))
    folder.chmod(0o755)  # the database's own user comes by
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        run(Site(folder, stack), rounds, seed)
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 6,
                  sys.argv[2] if len(sys.argv) > 2 else "20260301"))
