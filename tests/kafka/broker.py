#!/usr/bin/env python3
"""A real Apache Kafka broker (KRaft, one node, loopback) for tests; its programs come from Maven Central.

As a module:

    with Broker(folder) as broker:          # made, formatted and started
        use(broker.bootstrap)               # 127.0.0.1:PORT
        broker.kill(); broker.start()       # as after a power cut: same ports, same data

As a program, for shell suites (the broker's state is all in FOLDER):

    broker.py start FOLDER [--partitions N]   prints 127.0.0.1:PORT when it answers; again after stop or kill
    broker.py stop FOLDER                     orderly
    broker.py kill FOLDER                     SIGKILL
    broker.py run [--partitions N] COMMAND…   COMMAND with HOSTSCOPE_KAFKA=127.0.0.1:PORT in its environment

Topics make themselves at first use, with N partitions. Exit status 77 and a line why where a broker can't be had: no
Java, no Maven, or Maven Central out of reach; under CI=true that is a failure, 1. The jars are kept in
HOSTSCOPE_KAFKA_LIB, or build/kafka-VERSION of this source tree.
"""
import argparse
import ctypes
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import maven  # noqa: E402

READY_SECONDS = 300  # on a busy machine
STOP_SECONDS = 30
USER = "hostscope"


def kafka_version():
    return re.search(r"kafka_2\.13</artifactId>\s*<version>([^<]+)", (HERE / "pom.xml").read_text()).group(1)


def libraries():
    """The folder with the broker's jars; fetched at first use."""
    default = HERE.parent.parent / "build" / f"kafka-{kafka_version()}"
    target = pathlib.Path(os.environ.get("HOSTSCOPE_KAFKA_LIB", default)).resolve()
    maven.need("java", "kcat")
    return maven.fetch(HERE / "pom.xml", target, "kafka_2.13-*.jar")


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def die_with_parent():
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


class Broker:
    """One broker whose configuration, data and logs are in `folder`, which may hold one made before."""

    def __init__(self, folder, partitions=3, outlives_us=False, password=None):
        """With a password there is a second listener, `secure`: TLS, and SASL PLAIN or SCRAM-SHA-512 as USER. Its
        certificate is signed by `authority`, a file."""
        self.folder = pathlib.Path(folder).resolve()
        self.jars = libraries()
        self.outlives_us = outlives_us
        self.process = None
        self.state_file = self.folder / "broker.json"
        if self.state_file.exists():
            self.state = json.loads(self.state_file.read_text())
        else:
            self._make(partitions, password)

    @property
    def secure(self):
        return f"127.0.0.1:{self.state['secure']}"

    @property
    def authority(self):
        return self.folder / "authority.pem"

    @property
    def bootstrap(self):
        return f"127.0.0.1:{self.state['port']}"

    def _make(self, partitions, password):
        self.folder.mkdir(parents=True, exist_ok=True)
        port, controller, secure = free_ports(3)
        self.state = {"port": port, "pid": None, "secure": secure}
        more_listeners, more, format_arguments = "", "", []
        if password is not None:
            more_listeners, more = f",SECURE://127.0.0.1:{secure}", self._make_secure(password)
            format_arguments = ["--add-scram", f"SCRAM-SHA-512=[name={USER},password={password}]"]
        (self.folder / "server.properties").write_text(f"""\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}{more_listeners}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL
log.dirs={self.folder}/data
num.partitions={partitions}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
{more}""")
        (self.folder / "log4j.properties").write_text(f"""\
log4j.rootLogger=INFO, file
log4j.appender.file=org.apache.log4j.FileAppender
log4j.appender.file.File={self.folder}/broker.log
log4j.appender.file.layout=org.apache.log4j.PatternLayout
log4j.appender.file.layout.ConversionPattern=%d %p %m (%c)%n
""")
        self.java("kafka.tools.StorageTool", "format", "-t", str(uuid.uuid4()), "-c",
                  f"{self.folder}/server.properties", *format_arguments)
        self._save()

    def _make_secure(self, password):
        def openssl(*arguments):
            done = subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True, text=True)
            if done.returncode != 0:
                raise RuntimeError(f"openssl {arguments[0]} failed: {done.stderr}")

        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test authority", "-days", "2",
                "-keyout", "authority.key", "-out", "authority.pem")
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-keyout", "broker.key",
                "-out", "broker.request")
        (self.folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
        openssl("x509", "-req", "-in", "broker.request", "-CA", "authority.pem", "-CAkey", "authority.key",
                "-CAcreateserial", "-days", "2", "-extfile", "names", "-out", "broker.certificate")
        (self.folder / "broker.pem").write_text((self.folder / "broker.key").read_text() +
                                                (self.folder / "broker.certificate").read_text())
        login = "listener.name.secure"
        module = "org.apache.kafka.common.security"
        return f"""\
{login}.ssl.keystore.type=PEM
{login}.ssl.keystore.location={self.folder}/broker.pem
{login}.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
{login}.plain.sasl.jaas.config={module}.plain.PlainLoginModule required user_{USER}="{password}";
{login}.scram-sha-512.sasl.jaas.config={module}.scram.ScramLoginModule required;
"""

    def _save(self):
        self.state_file.write_text(json.dumps(self.state))

    def _java_command(self, main, *arguments, heap="256m"):
        return ["java", f"-Xmx{heap}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                f"-Dlog4j.configuration=file:{self.folder}/log4j.properties", "-cp", f"{self.jars}/*", main, *arguments]

    def java(self, main, *arguments, stdin=None):
        """Runs another of Kafka's programs to its end and returns what it printed."""
        done = subprocess.run(self._java_command(main, *arguments), input=stdin, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=300)
        if done.returncode != 0:
            raise RuntimeError(f"{main} failed: {done.stdout}")
        return done.stdout

    def start(self):
        with open(self.folder / "broker.out", "ab") as out:
            self.process = subprocess.Popen(
                self._java_command("kafka.Kafka", f"{self.folder}/server.properties", heap="512m"), stdin=subprocess.DEVNULL,
                stdout=out, stderr=out, start_new_session=self.outlives_us,
                preexec_fn=None if self.outlives_us else die_with_parent)
        self.state["pid"] = self.process.pid
        self._save()
        deadline = time.monotonic() + READY_SECONDS
        while not self._answers():
            if self.process.poll() is not None:
                raise RuntimeError(f"the broker ended with {self.process.returncode}: see {self.folder}/broker.log\n" +
                                   self._last_words())
            if time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"the broker did not answer within {READY_SECONDS} s\n" + self._last_words())
            time.sleep(0.2)
        return self

    def _last_words(self):
        texts = [path.read_text(errors="replace") for path in (self.folder / "broker.out", self.folder / "broker.log")
                 if path.exists()]
        return "\n".join("\n".join(text.splitlines()[-10:]) for text in texts)

    def _answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.state["port"]), timeout=1).close()
        except OSError:
            return False
        listed = subprocess.run(["kcat", "-b", self.bootstrap, "-L", "-m", "5"], capture_output=True, text=True)
        return listed.returncode == 0 and f"broker 1 at {self.bootstrap}" in listed.stdout

    def _signal(self, number):
        pid = self.state["pid"]
        if pid is None:
            return
        if self.process is None:
            # Started by an earlier run of this program: make sure that the number still means our broker.
            try:
                command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
            except OSError:
                command = b""
            if str(self.folder).encode() not in command:
                return
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass

    def _await_end(self, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process is not None:
                if self.process.poll() is not None:
                    return True
            elif not pathlib.Path(f"/proc/{self.state['pid']}").exists():
                return True
            time.sleep(0.05)
        return False

    def kill(self):
        self._signal(signal.SIGKILL)
        self._await_end(STOP_SECONDS)
        self._forget()

    def stop(self):
        if self.state["pid"] is None:
            return
        self._signal(signal.SIGTERM)
        if not self._await_end(STOP_SECONDS):
            self.kill()
        self._forget()

    def _forget(self):
        self.process = None
        self.state["pid"] = None
        self._save()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()  # its data is not needed any more


def topics(broker):
    listed = subprocess.run(["kcat", "-b", broker.bootstrap, "-L", "-J"], capture_output=True, text=True, timeout=60)
    if listed.returncode != 0:
        raise RuntimeError(f"kcat failed: {listed.stderr}")
    return [each["topic"] for each in json.loads(listed.stdout)["topics"]]


def consume(broker, topic, form="%p\\t%k\\t%s\\n"):
    """Every record of the topic from its beginning, by kcat, as lines of `form`."""
    done = subprocess.run(["kcat", "-C", "-q", "-e", "-b", broker.bootstrap, "-t", topic, "-o", "beginning", "-f", form],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
    if done.returncode != 0:
        raise RuntimeError(f"kcat failed: {done.stderr}")
    return done.stdout.splitlines()


def run_with_broker(command, partitions):
    command = command[1:] if command[:1] == ["--"] else command
    with tempfile.TemporaryDirectory(prefix="hostscope-kafka-") as folder, Broker(folder, partitions) as broker:
        return subprocess.run(command, env={**os.environ, "HOSTSCOPE_KAFKA": broker.bootstrap}).returncode


def main():
    parser = argparse.ArgumentParser(description="A real Kafka broker for tests.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb in ("start", "stop", "kill"):
        verbs.add_parser(verb).add_argument("folder")
    verbs.choices["start"].add_argument("--partitions", type=int, default=3)
    run = verbs.add_parser("run")
    run.add_argument("--partitions", type=int, default=3)
    run.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    try:
        if options.verb == "run":
            return run_with_broker(options.command, options.partitions)
        if options.verb != "start" and not (pathlib.Path(options.folder) / "broker.json").exists():
            print(f"no broker was made in {options.folder}", file=sys.stderr)
            return 1
        broker = Broker(options.folder, getattr(options, "partitions", 3), outlives_us=True)
        getattr(broker, options.verb)()
        if options.verb == "start":
            print(broker.bootstrap)
        return 0
    except maven.Unavailable as reason:
        return maven.skip_or_fail(reason)


if __name__ == "__main__":
    sys.exit(main())
