#!/usr/bin/env python3
"""A PostgreSQL and an S3 (Ceph's radosgw) of one's own, in a temporary folder, for as long as a
command runs.

    services.py [--postgres] [--s3] -- COMMAND...

COMMAND finds in its environment LUCERNA_TEST_POSTGRES (a connection string) and LUCERNA_TEST_S3
(endpoint of the bucket "lucerna"), with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Ends with
COMMAND's exit status, or 77 (skipped) where the programs are not installed."""
import argparse
import glob
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid

ACCESS_KEY = "LUCERNATESTACCESSKEY"
SECRET_KEY = secrets.token_hex(20)
BUCKET = "lucerna"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(*command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          **options)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}:\n{done.stdout}")
    return done.stdout


def wait_until(ready, what, process=None, seconds=90):
    end = time.monotonic() + seconds
    while not ready():
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"{what} ended by itself")
        if time.monotonic() > end:
            raise RuntimeError(f"{what} does not answer")
        time.sleep(0.1)


class Postgres:
    """Listens on a socket in its folder and on one port of 127.0.0.1."""

    def __init__(self, folder):
        self.folder = folder / "postgres"
        self.folder.mkdir()
        self.port = free_port()
        self.process = None
        if os.getuid() == 0:  # initdb refuses root
            shutil.chown(self.folder, "postgres", "postgres")
        self._run("initdb", "-D", self.folder / "data", "-U", "lucerna", "--auth=trust",
                  "--encoding=UTF8", "--locale=C", "--no-sync")
        self.start()
        self._run("createdb", "-h", self.folder, "-p", self.port, "-U", "lucerna", "lucerna")

    @staticmethod
    def programs():
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
        return pathlib.Path(found[-1]).parent if found else None

    def _command(self, program, *arguments):
        as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        return [*(as_user if os.getuid() == 0 else []), str(self.programs() / program),
                *map(str, arguments)]

    def _run(self, program, *arguments, **options):
        return run(*self._command(program, *arguments), cwd="/", **options)

    def start(self):
        with open(self.folder.parent / "postgres.log", "ab") as log:
            self.process = subprocess.Popen(
                self._command("postgres", "-D", self.folder / "data", "-k", self.folder, "-p",
                              self.port, "-c", "listen_addresses=127.0.0.1", "-c",
                              "max_connections=200",
                              # It is killed at times, and the machine never.
                              "-c", "fsync=off"),
                stdout=log, stderr=log, cwd="/")

        def answers():
            return subprocess.run(self._command("pg_isready", "-h", self.folder, "-p", self.port),
                                  stdout=subprocess.DEVNULL, cwd="/").returncode == 0
        wait_until(answers, "PostgreSQL", self.process)

    def stop(self, how=signal.SIGINT):
        """SIGINT: a fast shutdown; SIGQUIT: as a crash."""
        self.process.send_signal(how)
        self.process.wait(600)

    def halt(self):
        """It is there and says nothing, until `go_on`."""
        # It first: then there are no more of them.
        self._signal([self.process.pid], signal.SIGSTOP)
        self._signal(self._backends(), signal.SIGSTOP)

    def go_on(self):
        self._signal([self.process.pid, *self._backends()], signal.SIGCONT)

    def _backends(self):
        """By whose children they say they are: what /proc says of children misses some that run."""
        return [process for process in (int(path.name) for path in pathlib.Path("/proc").glob("[0-9]*"))
                if self._stat(process)[1:2] == [str(self.process.pid)]]

    @staticmethod
    def _stat(process):
        """State, parent and more; nothing of one that has ended."""
        try:
            return pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return []

    def _signal(self, processes, which):
        for process in processes:
            try:
                os.kill(process, which)
            except ProcessLookupError:
                continue
            if which == signal.SIGSTOP:
                wait_until(lambda one=process: self._stat(one)[:1] in ([], ["T"], ["Z"]),
                           f"process {process} of PostgreSQL, told to halt,")

    def ask(self, sql):
        """The rows of a query, as tuples of texts."""
        said = self._run("psql", "-h", self.folder, "-p", self.port, "-U", "lucerna", "-At", "-F", "\t",
                         "-c", sql, "lucerna")
        return [tuple(line.split("\t")) for line in said.splitlines()]

    def forget(self):
        """The schema and all that is in it."""
        self._run("psql", "-h", self.folder, "-p", self.port, "-U", "lucerna", "-c",
                  "DROP SCHEMA public CASCADE; CREATE SCHEMA public", "lucerna")

    def dump(self):
        return self._run("pg_dump", "-h", self.folder, "-p", self.port, "-U", "lucerna", "lucerna")

    def put_back(self, dump):
        self.forget()
        self._run("psql", "-h", self.folder, "-p", self.port, "-U", "lucerna", "-q", "-v",
                  "ON_ERROR_STOP=1", "lucerna", input=dump)

    def environment(self):
        return {"LUCERNA_TEST_POSTGRES":
                f"host={self.folder} port={self.port} user=lucerna dbname=lucerna"}


def unpublish_all(endpoint):
    """Leaves the objects in the bucket of s3_stand_in.py as processes do that are killed between the
    commit and that. Returns how many there are."""
    def ask(method, path):
        request = urllib.request.Request(f"{endpoint}/{BUCKET}{path}", method=method,
                                         headers={"Authorization": "AWS4-HMAC-SHA256 Credential=A"})
        with urllib.request.urlopen(request) as answer:
            return answer.read().decode()

    names = re.findall("<Key>objects/../(.*?)</Key>", ask("GET", "?list-type=2&prefix=objects/"))
    for name in names:
        ask("PUT", f"/pending/dead/{name}")
    return len(names)


class Radosgw:
    """One monitor, one store in memory, one gateway."""

    PROGRAMS = ("ceph", "ceph-authtool", "ceph-mon", "ceph-osd", "monmaptool", "radosgw",
                "radosgw-admin")

    def __init__(self, folder):
        self.folder = folder / "ceph"
        self.folder.mkdir()
        self.port = free_port()
        self.processes = []
        cluster = str(uuid.uuid4())
        monitor = f"127.0.0.1:{free_port()}"
        self.conf = self.folder / "ceph.conf"
        self.conf.write_text(f"""[global]
fsid = {cluster}
mon host = {monitor}
keyring = {self.folder}/keyring
public addr = 127.0.0.1
run dir = {self.folder}
log file = {self.folder}/$name.log
admin socket = {self.folder}/$name.asok
pid file =
mon data = {self.folder}/mon
osd data = {self.folder}/osd
osd objectstore = memstore
memstore device bytes = 4294967296
osd crush chooseleaf type = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pg autoscale mode = off
mon allow pool size one = true
mon max pg per osd = 1000
mon osd full ratio = 1
osd failsafe full ratio = 1
rgw rados pool pg num min = 1
rgw data = {self.folder}/rgw
rgw enable usage log = false
rgw enable ops log = false
rgw run sync thread = false
rgw enable quota threads = false
rgw enable lc threads = false
""")
        try:
            self._start_cluster(cluster, monitor)
            self._start_gateway()
        except BaseException:
            self.stop()
            raise

    def _ceph(self, *arguments):
        return run("ceph", "-c", self.conf, "--connect-timeout", "30", *arguments)

    def _daemon(self, *command):
        with open(self.folder / "daemons.log", "ab") as log:
            # Debian 13's ceph-osd looks for its classes under lib/, from where it is started.
            process = subprocess.Popen([*map(str, command), "-c", str(self.conf), "-f"],
                                       stdout=log, stderr=log, cwd="/usr")
        self.processes.append(process)
        return process

    def _start_cluster(self, cluster, monitor):
        for name in ("mon", "osd", "rgw"):
            (self.folder / name).mkdir()
        monmap = self.folder / "monmap"
        run("monmaptool", "--create", "--fsid", cluster, "--addv", "a", f"[v2:{monitor}]", monmap)
        self.conf.write_text(self.conf.read_text().replace(
            f"mon host = {monitor}", f"mon host = [v2:{monitor}]"))
        keys = self.folder / "keyring"
        run("ceph-authtool", "--create-keyring", keys, "--gen-key", "-n", "mon.", "--cap", "mon",
            "allow *")
        run("ceph-authtool", keys, "--gen-key", "-n", "client.admin", "--cap", "mon", "allow *",
            "--cap", "osd", "allow *")
        run("ceph-mon", "-c", self.conf, "-i", "a", "--mkfs", "--monmap", monmap, "--keyring", keys)
        self._daemon("ceph-mon", "-i", "a")
        osd = str(uuid.uuid4())
        self._ceph("osd", "new", osd)
        with open(keys, "a", encoding="ascii") as file:
            file.write(self._ceph("auth", "get-or-create", "osd.0", "mon", "allow profile osd",
                                  "osd", "allow *"))
        run("ceph-osd", "-c", self.conf, "-i", "0", "--mkfs", "--osd-uuid", osd)
        self._daemon("ceph-osd", "-i", "0")

    def _start_gateway(self):
        run("radosgw-admin", "-c", self.conf, "user", "create", "--uid=lucerna",
            "--display-name=lucerna", f"--access-key={ACCESS_KEY}", f"--secret-key={SECRET_KEY}")
        gateway = self._daemon("radosgw", "-n", "client.admin", "--rgw-frontends",
                               # Or it waits for 40 ms before the rest of an answer.
                               f"beast endpoint=127.0.0.1:{self.port} tcp_nodelay=1")

        def answers():
            try:
                urllib.request.urlopen(self.endpoint(), timeout=2)
            except urllib.error.HTTPError:
                return True
            except OSError:
                return False
            return True
        wait_until(answers, "radosgw", gateway)

    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    def keys(self):
        """Of all that lies in the bucket, uploads that were never finished among it."""
        # Not through a pipe: of those it fills but one.
        listed = self.folder / "listed.json"
        with open(listed, "wb") as file:
            subprocess.run(["radosgw-admin", "-c", self.conf, "--admin-socket=", "bucket", "list",
                            f"--bucket={BUCKET}", "--max-entries=1000000"], stdout=file, check=True)
        return [entry["name"] for entry in json.loads(listed.read_text())]

    def stop(self):
        for process in reversed(self.processes):
            process.kill()
        for process in self.processes:
            process.wait()

    def environment(self):
        return {"LUCERNA_TEST_S3": self.endpoint(), "AWS_ACCESS_KEY_ID": ACCESS_KEY,
                "AWS_SECRET_ACCESS_KEY": SECRET_KEY}


def missing(arguments):
    """What of it is not installed, or empty."""
    if arguments.postgres and Postgres.programs() is None:
        return "PostgreSQL"
    if arguments.s3:
        for program in Radosgw.PROGRAMS:
            if shutil.which(program) is None:
                return program
    return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--s3", action="store_true")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    if what := missing(arguments):
        print(f"skipped: {what} is not installed")
        return 77
    folder = pathlib.Path(tempfile.mkdtemp(prefix="lucerna-services-"))
    folder.chmod(0o755)
    services = []
    try:
        environment = dict(os.environ)
        for wanted, service in ((arguments.postgres, Postgres), (arguments.s3, Radosgw)):
            if wanted:
                services.append(service(folder))
                environment.update(services[-1].environment())
        return subprocess.run(command, env=environment).returncode
    finally:
        for service in services:
            service.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
