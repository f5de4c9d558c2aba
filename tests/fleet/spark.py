"""Apache Spark in local mode, and the fleet's program on it: what a cluster runs by spark-submit. Its jars come from Maven
Central and are kept in HOSTSCOPE_SPARK_LIB, or build/spark-VERSION of this source tree."""
import ctypes
import os
import pathlib
import re
import signal
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PROJECT = ROOT / "scripts" / "fleet"
sys.path.insert(0, str(HERE.parent))
import maven  # noqa: E402

# What Spark needs of Java 17; spark-submit says the same by itself.
OPENED = ("java.lang", "java.lang.invoke", "java.lang.reflect", "java.io", "java.net", "java.nio", "java.util",
          "java.util.concurrent", "java.util.concurrent.atomic", "sun.nio.ch", "sun.nio.cs", "sun.security.action",
          "sun.util.calendar")


def version():
    return re.search(r"<spark.version>([^<]+)", (PROJECT / "pom.xml").read_text()).group(1)


def libraries():
    """The folder with Spark's jars; fetched at first use."""
    target = pathlib.Path(os.environ.get("HOSTSCOPE_SPARK_LIB", ROOT / "build" / f"spark-{version()}")).resolve()
    maven.need("java", "javac")
    return maven.fetch(PROJECT / "pom.xml", target, "spark-sql_*.jar")


def compile_java(folder, *sources):
    """Compiles Java sources, those of the fleet where none are named, into a folder."""
    sources = sources or sorted((PROJECT / "src").rglob("*.java"))
    done = subprocess.run(["javac", "-Xlint:all,-processing,-path,-classfile,-serial", "-Werror", "--release", "17",
                           "-d", str(folder), "-cp", f"{folder}:{libraries()}/*", *map(str, sources)],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"javac failed:\n{done.stdout}")
    return folder


def die_with_parent():
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def command(classes, main, *arguments, heap="1g", optimize=False):
    """On two cores. `optimize` is for what runs long enough to be worth it."""
    opened = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENED]
    return ["java", f"-Xmx{heap}", "-XX:TieredStopAtLevel=4" if optimize else "-XX:TieredStopAtLevel=1",
            *opened, "-Dspark.master=local[2]", "-Dspark.sql.shuffle.partitions=2", "-Dspark.ui.enabled=false",
            "-Dspark.driver.host=127.0.0.1", "-Dspark.driver.bindAddress=127.0.0.1",
            "-cp", f"{classes}:{HERE}:{libraries()}/*", main, *map(str, arguments)]


def start(classes, main, *arguments, **options):
    """The program; its standard output is a pipe, its log and what it complains of the file `log`."""
    with open(options.pop("log"), "ab") as log:
        return subprocess.Popen(command(classes, main, *arguments, **options), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=log, text=True, preexec_fn=die_with_parent)
