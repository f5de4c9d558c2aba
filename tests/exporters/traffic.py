"""Real traffic between the two sides of a network: ICMP, UDP, and TCP long and short, over IPv4 and IPv6. Bounded in time
and amount."""
import subprocess
import time

from network import LEFT, LEFT6, RIGHT, RIGHT6

PROGRAMS = ("ping", "iperf3", "hping3", "python3")
PING_COUNT, PING_BYTES = 5, 200
BULK_BYTES = 512 << 10
REQUESTS = 12

# One process each, so that nothing of Python's start-up is in the way of twelve connections.
SERVER = """
import socket, sys, threading
family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET
listener = socket.create_server((sys.argv[1], 8080), family=family, backlog=64)
def answer(one):
    with one:
        one.recv(4096)
        one.sendall(b'HTTP/1.0 200 OK\\r\\n\\r\\n' + b'x' * 3000)
while True:
    threading.Thread(target=answer, args=(listener.accept()[0],)).start()
"""
CLIENT = """
import socket, sys, time
for i in range(int(sys.argv[3])):
    for attempt in range(50):
        try:
            one = socket.create_connection((sys.argv[2], 8080), timeout=5, source_address=(sys.argv[1], 0))
            break
        except ConnectionRefusedError:
            time.sleep(0.1)
    with one:
        one.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n')
        while one.recv(65536):
            pass
"""


def warm_up(network):
    """Neighbours known, so that no measured packet waits for an answer."""
    for pairs, flag in ((zip(LEFT, RIGHT), "-4"), (zip(LEFT6, RIGHT6), "-6")):
        for left, right in pairs:
            network.left.run("ping", flag, "-q", "-c1", "-w5", "-I", left, right)


def run_iperf(namespace, *arguments, tries=50):
    """The server takes one client at a time, and may still be at the end of the last one, or about to listen anew."""
    for _ in range(tries):
        out = namespace.run("iperf3", "-c", *arguments, check=False, timeout=20)
        if "iperf Done" in out:
            return
        if "server is busy" not in out and "Connection refused" not in out:
            break
        time.sleep(0.1)
    raise RuntimeError(f"iperf3 -c {arguments}: {out}")


def send(network):
    """About two seconds of traffic; raises where a program of it fails."""
    servers = [network.right.start("iperf3", "-s", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)]
    servers += [network.right.start("python3", "-c", SERVER, address) for address in (RIGHT[0], RIGHT6[0])]
    left = network.left
    clients = [
        left.start("ping", "-4", "-q", f"-c{PING_COUNT}", "-i0.2", f"-s{PING_BYTES}", "-I", LEFT[2], RIGHT[2],
                   stdout=subprocess.DEVNULL),
        left.start("ping", "-6", "-q", f"-c{PING_COUNT}", "-i0.2", f"-s{PING_BYTES}", "-I", LEFT6[1], RIGHT6[1],
                   stdout=subprocess.DEVNULL),
        left.start("python3", "-c", CLIENT, LEFT[0], RIGHT[0], REQUESTS),
        left.start("python3", "-c", CLIENT, LEFT6[0], RIGHT6[0], REQUESTS),
        left.start("hping3", "-q", "--udp", "-a", LEFT[1], "-p", "++7000", "-c", 20, "-i", "u20000", "-d", 64, RIGHT[0],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL),
    ]
    # UDP is answered from the server's first address.
    try:
        time.sleep(0.3)
        run_iperf(left, RIGHT[1], "-B", LEFT[1], "-n", BULK_BYTES, "-b", "20M")
        run_iperf(left, RIGHT[0], "-B", LEFT[0], "-u", "-t", 1, "-b", "1M")
        run_iperf(left, RIGHT6[0], "-B", LEFT6[0], "-n", "256K", "-b", "20M")
        for client in clients:
            status = client.wait(timeout=20)
            # hping3 says by its status that nobody answered a UDP port; the others' packets must have arrived.
            if status != 0 and client is not clients[-1]:
                raise RuntimeError(f"{client.args}: {status}")
    finally:
        for process in [*clients, *servers]:
            process.kill()
            process.wait()
