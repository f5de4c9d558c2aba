#!/usr/bin/env python3
"""A stretch of network in the way of export datagrams: wire.py OUTSIDE INSIDE ACCESS VLAN PORT SEED TREATMENTS

Hands frames on between the interfaces OUTSIDE and INSIDE, in both directions. What comes in at ACCESS goes to INSIDE with the
tag of VLAN, and back, as a switch does with an access and a trunk port. Of UDP datagrams to PORT on their way in it loses
some, sends some twice and holds some back until others have overtaken them: TREATMENTS is JSON, {"ADDRESS": [lost, twice,
held]}, with the shares for each sender. Never the first of a sender. (Bridges, VLAN devices and `tc netem` do all of this
where the kernel has them, but don't say whose datagrams they lost.) On SIGTERM it lets go what it holds and prints as JSON,
for each sender, the sequence number of each datagram that came, and how many times it went on.
"""
import errno
import json
import random
import select
import signal
import socket
import struct
import sys

OVERTAKEN_BY = (1, 8)  # datagrams of any sender
ETH_P_ALL, SOL_PACKET, PACKET_AUXDATA, PACKET_IGNORE_OUTGOING, SO_RCVBUFFORCE = 3, 263, 8, 23, 33
TP_STATUS_VLAN_VALID = 0x10
IPV4, IPV6, VLAN, UDP = 0x0800, 0x86DD, 0x8100, 17
MAC_ADDRESSES, TAG = 12, 4  # bytes
# Offset and format of the sequence number in an export datagram, by its version.
SEQUENCE_AT = {5: 16, 9: 12, 10: 8}


def open_raw(name):
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    raw.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    raw.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    raw.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20)
    raw.bind((name, 0))
    return raw


def export_datagram(frame, port):
    """The sender and the sequence number, where the frame is an export datagram."""
    (kind,) = struct.unpack_from(">H", frame, 12)
    is_part = kind == IPV4 and (frame[20] & 0x3F or frame[21])
    if is_part:
        return None
    if kind == IPV4 and frame[23] == UDP:
        source, udp = socket.inet_ntop(socket.AF_INET, frame[26:30]), 14 + (frame[14] & 15) * 4
    elif kind == IPV6 and frame[20] == UDP:
        source, udp = socket.inet_ntop(socket.AF_INET6, frame[22:38]), 54
    else:
        return None
    (destination,) = struct.unpack_from(">H", frame, udp + 2)
    if destination != port:
        return None
    (version,) = struct.unpack_from(">H", frame, udp + 8)
    (sequence,) = struct.unpack_from(">I", frame, udp + 8 + SEQUENCE_AT[version])
    return source, sequence


class Disturbance:
    def __init__(self, to, seed, treatments):
        self.to, self.random, self.treatments = to, random.Random(seed), treatments
        self.held = []  # [datagrams that are still to overtake it, sender, sequence, frame]
        self.books = {}

    def send(self, sender, sequence, frame):
        self.to.send(frame)
        self.books[sender][sequence] += 1

    def take(self, sender, sequence, frame):
        is_first = sender not in self.books
        self.books.setdefault(sender, {})[sequence] = 0
        lost, twice, held = self.treatments.get(sender, (0, 0, 0))
        fate = 1.0 if is_first else self.random.random()
        is_held = lost <= fate < lost + held
        if fate >= lost + held:
            for _ in range(2 if fate < lost + held + twice else 1):
                self.send(sender, sequence, frame)
        for each in self.held:
            each[0] -= 1
        if is_held:
            self.held.append([self.random.randint(*OVERTAKEN_BY), sender, sequence, frame])
        self.release(lambda each: each[0] <= 0)

    def release(self, is_due):
        for each in [each for each in self.held if is_due(each)]:
            self.held.remove(each)
            self.send(*each[1:])


def receive(raw):
    """A frame with its tag, which the kernel takes off and tells beside it."""
    frame, beside, _, _ = raw.recvmsg(65536, 64)
    for level, kind, data in beside:
        if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
            status, tag, ether_type = struct.unpack("=I12xHH", data)
            if status & TP_STATUS_VLAN_VALID:
                return frame[:MAC_ADDRESSES] + struct.pack(">HH", ether_type or VLAN, tag) + frame[MAC_ADDRESSES:]
    return frame


class Wire:
    def __init__(self, outside, inside, access, vlan, port, disturbance):
        self.outside, self.inside, self.access = outside, inside, access
        self.tag = struct.pack(">HH", VLAN, vlan)
        self.port, self.disturbance = port, disturbance

    def take(self, raw):
        frame = receive(raw)
        if raw is self.inside:
            is_tagged = frame[MAC_ADDRESSES:MAC_ADDRESSES + TAG] == self.tag
            if is_tagged:
                self.access.send(frame[:MAC_ADDRESSES] + frame[MAC_ADDRESSES + TAG:])
            else:
                self.outside.send(frame)
        elif raw is self.access:
            self.inside.send(frame[:MAC_ADDRESSES] + self.tag + frame[MAC_ADDRESSES:])
        elif found := export_datagram(frame, self.port):
            self.disturbance.take(*found, frame)
        else:
            self.inside.send(frame)


def main():
    outside, inside, access = (open_raw(name) for name in sys.argv[1:4])
    vlan, port, seed = (int(word) for word in sys.argv[4:7])
    disturbance = Disturbance(inside, seed, json.loads(sys.argv[7]))
    wire = Wire(outside, inside, access, vlan, port, disturbance)
    is_over = []
    signal.signal(signal.SIGTERM, lambda *_: is_over.append(True))
    print("ready", flush=True)
    while not is_over:
        for raw in select.select([outside, inside, access], [], [], 0.05)[0]:
            try:
                wire.take(raw)
            except OSError as error:
                if error.errno not in (errno.ENETDOWN, errno.ENOBUFS):
                    raise
    disturbance.release(lambda _: True)
    print(json.dumps(disturbance.books), flush=True)


if __name__ == "__main__":
    main()
