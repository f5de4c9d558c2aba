"""Captures that others are made of: of many exporters those of several appliances, of an hour one of a later hour."""
import struct

HEADER = 24
PACKET = struct.Struct("<IIII")  # seconds, microseconds or nanoseconds, bytes kept, bytes
NANOSECONDS = 0xA1B23C4D
ETHERNET = 14
SOURCE4 = slice(ETHERNET + 12, ETHERNET + 16)


class Capture:
    """A pcap file of IPv4 over Ethernet: its packets as (time in seconds, source's last octet, bytes)."""

    def __init__(self, path):
        data = path.read_bytes()
        self.header = data[:HEADER]
        fraction = 1e-9 if struct.unpack("<I", data[:4])[0] == NANOSECONDS else 1e-6
        self.packets = []
        at = HEADER
        while at < len(data):
            seconds, rest, kept, _ = PACKET.unpack_from(data, at)
            end = at + PACKET.size + kept
            packet = data[at:end]
            self.packets.append((seconds + rest * fraction, packet[PACKET.size:][SOURCE4][-1], packet))
            at = end

    @property
    def start(self):
        return self.packets[0][0]

    def write(self, path, wanted=lambda time, source: True, delay=0):
        """Those packets for which wanted(seconds since the first, exporter's number) is true, so many seconds later."""
        with open(path, "wb") as out:
            out.write(self.header)
            for time, source, packet in self.packets:
                if wanted(time - self.start, source):
                    seconds, *rest = PACKET.unpack_from(packet)
                    out.write(PACKET.pack(seconds + delay, *rest) + packet[PACKET.size:])
        return path
