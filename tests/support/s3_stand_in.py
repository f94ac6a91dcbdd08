#!/usr/bin/env python3
"""An object store that speaks as much of the S3 API as Lucerna asks for, keeps everything in memory
and fails as it is told.

    s3_stand_in.py FAULTS PORT [PAGE]

Prints its port. A listing has PAGE keys at a time. Before each request it reads FAULTS, one word a line, takes the first and does it:
a status ("503"), "cut" (half a body, then the end), "silent" (no answer until the client gives up),
"early" (answers a large body with 200, and takes none of it),
"lost" (does it, but the answer gets lost), "heedless" (does it, whatever its conditions), "page" (a page for people with 200, and nothing done),
"missing" (404 NoSuchKey), "flip" (a bit of what is given is another), "vast" (an object is said to have 2 GB),
"claim" (200, and nothing done), "part" (half of the bytes that are given), "drip" (a byte of the answer now and then), "late" (does it after three seconds), "ok" (nothing wrong). While the first word is "behind:BYTE" it
stays, and a request for what lies behind that byte of an object gets no answer; while it is "full", nothing is put."""
import http.server
import pathlib
import re
import socket
import sys
import threading
import time
import urllib.parse
import uuid

FAULTS = pathlib.Path(sys.argv[1])
PAGE = int(sys.argv[3]) if len(sys.argv) > 3 else 1000
OBJECTS = {}
UPLOADS = {}
LOCK = threading.Lock()


def next_fault(first_byte):
    with LOCK:
        try:
            words = FAULTS.read_text().split()
        except FileNotFoundError:
            return "ok"
        if not words:
            return "ok"
        if words[0] == "full":
            return "full"
        if words[0].startswith("behind:"):
            return "silent" if first_byte > int(words[0].removeprefix("behind:")) else "ok"
        left = FAULTS.with_suffix(".left")  # whoever looks sees all of them, or those that are left
        left.write_text("\n".join(words[1:]))
        left.replace(FAULTS)
        return words[0]


class Answer(Exception):
    def __init__(self, status, body=b"", headers=()):
        super().__init__(status)
        self.status, self.body, self.headers = status, body, dict(headers)


def error(status, code):
    return Answer(status, f"<Error><Code>{code}</Code></Error>".encode())


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *arguments):
        pass

    def handle_one(self):
        span = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
        fault = next_fault(int(span[1]) if span else 0)
        length = int(self.headers.get("Content-Length", 0))
        if fault == "early" and length > 4 << 20:  # more than lies between the two
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            self.send_response(200)
            for name, value in (("ETag", '"x"'), ("Content-Length", "0"), ("Connection", "close")):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.flush()
            time.sleep(0.2)
            return
        body = self.rfile.read(length)
        if fault == "silent":
            time.sleep(30)
            self.close_connection = True
            return
        if fault == "late":
            time.sleep(3)
        if fault == "page":
            answer = Answer(200, b"<html>Back soon</html>", {"Content-Type": "text/html"})
        elif fault == "claim":
            answer = Answer(200)
        elif fault == "full" and self.command == "PUT":
            answer = error(507, "QuotaExceeded")
        elif fault == "missing":
            answer = error(404, "NoSuchKey")
        elif fault.isdigit():
            answer = error(int(fault), {"503": "SlowDown", "403": "AccessDenied"}.get(fault, "Fault"))
        else:
            try:
                with LOCK:
                    self.is_heedless = fault == "heedless"
                    self.do(body)
                answer = Answer(204)
            except Answer as given:
                answer = given
        if fault == "lost":
            self.close_connection = True
            return
        self.spoil(fault, answer)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body) if fault != "drip" else 10_000))
        self.end_headers()
        if fault == "drip":
            self.drip()
            return
        if self.command != "HEAD":
            whole = answer.body
            self.wfile.write(whole[:len(whole) // 2] if fault == "cut" else whole)
        if fault == "cut":
            self.close_connection = True

    @staticmethod
    def spoil(fault, answer):
        if fault == "flip" and answer.body:
            middle = len(answer.body) // 2
            answer.body = answer.body[:middle] + bytes([answer.body[middle] ^ 1]) + answer.body[middle + 1:]
        if fault == "vast" and "Content-Range" in answer.headers:
            answer.headers["Content-Range"] = answer.headers["Content-Range"].split("/")[0] + "/2000000000"
        if fault == "part":
            answer.body = answer.body[:len(answer.body) // 2]

    def drip(self):
        self.close_connection = True
        try:
            for _ in range(100):
                self.wfile.write(b" ")
                self.wfile.flush()
                time.sleep(0.3)
        except OSError:
            pass  # nobody takes it any more

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_one

    def do(self, body):
        if not self.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 Credential="):
            raise error(403, "AccessDenied")
        target = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(target.query, keep_blank_values=True))
        key = urllib.parse.unquote(target.path).lstrip("/").partition("/")[2]
        if not key:
            self.on_bucket(query)
        if "uploads" in query:
            upload = uuid.uuid4().hex
            UPLOADS[upload] = (key, {})
            raise Answer(200, f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>".encode())
        if "uploadId" in query:
            self.on_upload(key, query, body)
        self.on_object(key, body)

    def on_bucket(self, query):
        if "uploads" in query:
            after = (query.get("key-marker", ""), query.get("upload-id-marker", ""))
            begun = sorted((key, upload) for upload, (key, _) in UPLOADS.items()
                           if key.startswith(query.get("prefix", "")) and (key, upload) > after)
            page = begun[:PAGE]
            text = "".join(f"<Upload><Key>{key}</Key><UploadId>{upload}</UploadId></Upload>"
                           for key, upload in page)
            more = len(begun) > len(page)
            if more:
                text += (f"<NextKeyMarker>{page[-1][0]}</NextKeyMarker>"
                         f"<NextUploadIdMarker>{page[-1][1]}</NextUploadIdMarker>")
            text += f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>"
            raise Answer(200, f"<ListMultipartUploadsResult>{text}</ListMultipartUploadsResult>".encode())
        if self.command == "PUT":
            raise Answer(200)
        keys = sorted(key for key in OBJECTS if key.startswith(query.get("prefix", "")) and
                      key > query.get("continuation-token", ""))
        page = keys[:PAGE]
        text = "".join(f"<Contents><Key>{key}</Key></Contents>" for key in page)
        more = len(keys) > len(page)
        if more:
            text += f"<NextContinuationToken>{page[-1]}</NextContinuationToken>"
        text += (f"<Prefix>{query.get('prefix', '')}</Prefix><KeyCount>{len(page)}</KeyCount>"
                 f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>")
        raise Answer(200, f"<ListBucketResult>{text}</ListBucketResult>".encode())

    def on_upload(self, key, query, body):
        if query["uploadId"] not in UPLOADS:
            raise error(404, "NoSuchUpload")
        parts = UPLOADS[query["uploadId"]][1]
        if self.command == "PUT":
            parts[int(query["partNumber"])] = body
            raise Answer(200, b"", {"ETag": f'"{query["partNumber"]}"'})
        del UPLOADS[query["uploadId"]]
        if self.command == "POST":
            named = [int(n) for n in re.findall(rb"<PartNumber>(\d+)<", body)]
            OBJECTS[key] = b"".join(parts[number] for number in named)
            raise Answer(200, b"<CompleteMultipartUploadResult></CompleteMultipartUploadResult>")
        raise Answer(204)

    def on_object(self, key, body):
        if self.command == "PUT":
            if key in OBJECTS and self.headers.get("If-None-Match") == "*" and not self.is_heedless:
                raise error(412, "PreconditionFailed")
            OBJECTS[key] = body
            raise Answer(200, b"", {"ETag": '"x"'})
        if self.command == "DELETE":
            OBJECTS.pop(key, None)
            return
        if key not in OBJECTS:
            raise error(404, "NoSuchKey")
        whole = OBJECTS[key]
        span = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if span is None:
            raise Answer(200, whole)
        first, last = int(span[1]), min(int(span[2]), len(whole) - 1)
        if first >= len(whole):
            raise error(416, "InvalidRange")
        raise Answer(206, whole[first:last + 1],
                     {"Content-Range": f"bytes {first}-{last}/{len(whole)}"})


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """Clients are killed in these tests."""


if __name__ == "__main__":
    server = Server(("127.0.0.1", int(sys.argv[2])), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()
