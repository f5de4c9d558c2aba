"""An HTTP server that takes `_bulk` requests as Elasticsearch does and, told to, fails in the ways that networks and servers
have. It is no stand-in for a real one (search_server.py has those), but what a real one can't be made to do.

    server = FaultServer()          # listens; server.url
    server.faults = ["503", "cut"]  # each is the fate of one bulk request, then all are answered well
    server.met                      # the fates that requests have met so far, None where all was well
    server.documents                # {data stream: {id: document}}
"""
import collections
import gzip
import http.server
import json
import socket
import ssl
import threading
import time

FAULTS = {
    "429": "the whole request is refused: too many",
    "503": "the whole request is refused: unavailable",
    "500": "an answer of status 500",
    "502-html": "a proxy's page",
    "half-503": "half of the documents are taken, and the answer is 503",
    "items-429": "every second document is refused: too many",
    "items-503": "every third document is refused: unavailable",
    "garbage": "all are taken, and the answer is no JSON",
    "short": "all are taken, and the answer has one item less",
    "long": "all are taken, and the answer has one item more",
    "empty": "all are taken, and the answer is empty",
    "endless": "all are taken, and the answer does not end before 64 MiB",
    "hang": "all are taken, and no answer comes",
    "close": "all are taken, and the connection is closed",
    "cut": "all are taken, and the connection is closed in mid-answer",
    "unread": "the connection is closed before the request is read",
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        self.server.owner.connections.append(self.connection)

    def log_message(self, *_):
        pass

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except (ConnectionError, ssl.SSLError, TimeoutError):
            self.close_connection = True

    def body(self):
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return gzip.decompress(data) if self.headers.get("Content-Encoding") == "gzip" else data

    def answer(self, status, content, kind="application/json"):
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def is_allowed(self):
        if self.server.owner.authorization in (None, self.headers.get("Authorization")):
            return True
        self.answer(401, {"error": {"type": "security_exception",
                                    "reason": "not: " + str(self.headers.get("Authorization"))}})
        return False

    def do_GET(self):
        if not self.is_allowed():
            return
        owner = self.server.owner
        owner.gets.append(self.path)
        if self.path == "/":
            self.answer(200, {"version": {"number": "2.19.0", "distribution": "opensearch"}})
        elif self.path in owner.items:
            self.answer(200, {"_seq_no": 3, "_primary_term": 1, "item": owner.items[self.path]})
        else:
            self.answer(404, {"error": {"type": "resource_not_found_exception"}})

    def do_PUT(self):
        body = self.body()
        if self.is_allowed():
            self.server.owner.items[self.path.split("?")[0]] = json.loads(body)
            self.answer(200, {"acknowledged": True})

    def do_POST(self):
        owner = self.server.owner
        with owner.lock:
            fault = owner.faults.pop(0) if owner.faults else None
            owner.met.append(fault)
        if fault == "unread":
            self.connection.close()
            self.close_connection = True
            return
        body = self.body()
        if not self.is_allowed():
            return
        if owner.max_body and len(body) > owner.max_body:
            self.answer(413, {"error": "too large"})
            return
        stream = self.path.split("?")[0].removesuffix("/_bulk").removeprefix("/")
        self.fate(fault, stream, body.splitlines())

    def fate(self, fault, stream, lines):
        owner = self.server.owner
        if fault in ("429", "503", "500"):
            self.answer(int(fault), {"error": {"type": "x", "reason": fault}})
        elif fault == "502-html":
            self.answer(502, b"<html>Bad gateway</html>", "text/html")
        elif fault == "half-503":
            owner.take(stream, lines[:len(lines) // 4 * 2])
            self.answer(503, {"error": {"type": "x", "reason": fault}})
        else:
            refuse = {"items-429": (2, 429), "items-503": (3, 503)}.get(fault)
            items = owner.take(stream, lines, refuse)
            self.reply(fault, items)

    def reply(self, fault, items):
        if fault == "short":
            items = items[:-1]
        if fault == "long":
            items = items + items[:1]
        data = json.dumps({"errors": any("error" in item["create"] for item in items), "items": items}).encode()
        if fault == "garbage":
            data = data[::-1]
        if fault == "empty":
            data = b""
        if fault == "hang":
            self.server.owner.released.wait(60)
            self.close_connection = True
        elif fault == "close":
            self.close_connection = True
        elif fault in ("cut", "endless"):
            self.send_response(200)
            self.send_header("Content-Length", str(len(data) if fault == "cut" else 1 << 40))
            self.end_headers()
            self.wfile.write(data[:len(data) // 2])
            for _ in range(64 if fault == "endless" else 0):
                self.wfile.write(b" " * (1 << 20))
            self.close_connection = True
        else:
            self.answer(200, data)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass  # a client that goes away in mid-request is what some tests are about


class FaultServer:
    """Listens until stop(). `rejects(document)` says which documents are refused for good."""

    def __init__(self, port=0, tls=None):
        self.lock = threading.Lock()
        self.faults = []
        self.met = []
        self.documents = collections.defaultdict(dict)
        self.created = 0
        self.conflicts = 0
        self.items = {}  # templates and policies by path
        self.gets = []
        self.connections = []
        self.authorization = None
        self.max_body = None
        self.rejects = lambda document: False
        self.released = threading.Event()
        self.tls = tls
        self.port = port
        self.start()

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def start(self):
        self.server = Server(("127.0.0.1", self.port), Handler)
        self.server.owner = self
        self.port = self.server.server_address[1]
        if self.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.tls["certificate"], self.tls["key"])
            if "client_ca" in self.tls:
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(self.tls["client_ca"])
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                     do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self):
        self.released.set()
        self.server.shutdown()  # takes no more; then also those that are open
        self.server.server_close()
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # closed before
        self.connections.clear()

    def take(self, stream, lines, refuse=None):
        """Creates the documents; with refuse=(n, status) not every n-th of them. Returns the answer's items."""
        items = []
        with self.lock:
            there = self.documents[stream]
            for number, (action, text) in enumerate(zip(lines[::2], lines[1::2])):
                ident = json.loads(action)["create"]["_id"]
                document = json.loads(text)
                if refuse and number % refuse[0] == refuse[0] - 1:
                    items.append(failed(refuse[1], "es_rejected_execution_exception", "queue full"))
                elif self.rejects(document):
                    items.append(failed(400, "document_parsing_exception", "not this one"))
                elif ident in there:
                    self.conflicts += 1
                    assert there[ident] == document, "an id with two documents"
                    items.append(failed(409, "version_conflict_engine_exception", "document already exists"))
                else:
                    self.created += 1
                    there[ident] = document
                    items.append({"create": {"status": 201}})
        return items

    def await_requests(self, seconds=30):
        """Until the next fault has been met."""
        deadline = time.monotonic() + seconds
        while self.faults and time.monotonic() < deadline:
            time.sleep(0.02)
        return not self.faults


def failed(status, kind, reason):
    return {"create": {"status": status, "error": {"type": kind, "reason": reason}}}
