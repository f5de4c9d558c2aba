package hostscope.fleet;

import java.math.BigDecimal;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HexFormat;
import java.util.regex.Pattern;
import net.openhft.hashing.LongTupleHashFunction;

/** record_id, by the rule of exporter/encoding/record_id.h: what one appliance of the observer's name would give the record. */
final class RecordId {
  private static final byte HOST = 0;
  private static final byte OTHER = 1;
  private static final int MAPPED_BITS = 96;
  private static final LongTupleHashFunction XXH3_128 = LongTupleHashFunction.xx128();
  private static final HexFormat HEX = HexFormat.of();
  private static final Pattern ADDRESS = Pattern.compile("[0-9a-fA-F.:]+");

  private RecordId() {}

  /** `ip` is null for an `other` record, which has the id of its network. */
  static String of(String observer, String start, String seconds, String ip, String network) throws UnknownHostException {
    byte[] name = observer.getBytes(StandardCharsets.UTF_8);
    ByteBuffer key = ByteBuffer.allocate(34 + name.length);
    Instant begin = Instant.parse(start);
    key.putLong(begin.getEpochSecond() * 1_000_000_000L + begin.getNano());
    key.putLong(new BigDecimal(seconds).movePointRight(9).longValueExact());
    if (ip != null) {
      key.put(HOST).put(mapped(ip)).put((byte) 0);
    } else {
      int slash = network.indexOf('/');
      String address = network.substring(0, slash);
      int length = Integer.parseInt(network.substring(slash + 1)) + (address.contains(":") ? 0 : MAPPED_BITS);
      key.put(OTHER).put(mapped(address)).put((byte) length);
    }
    long[] hash = new long[2];
    XXH3_128.hashBytes(key.put(name).array(), hash);
    return HEX.toHexDigits(hash[1]) + HEX.toHexDigits(hash[0]);
  }

  /** Whether of() has one for these texts, which are whatever somebody wrote into a topic. */
  static boolean isPossible(String start, String seconds, String ip, String network) {
    try {
      return network != null && seconds != null && !of("", start, seconds, ip, network).isEmpty();
    } catch (UnknownHostException | RuntimeException notOne) {
      return false;
    }
  }

  /** 16 bytes, IPv4 as ::ffff:a.b.c.d. The text is an address, so nothing is looked up. */
  private static byte[] mapped(String address) throws UnknownHostException {
    if (!ADDRESS.matcher(address).matches()) {
      throw new UnknownHostException(address);
    }
    byte[] bytes = InetAddress.getByName(address).getAddress();
    if (bytes.length == 16) {
      return bytes;
    }
    ByteBuffer out = ByteBuffer.allocate(16).putShort(10, (short) 0xffff);
    out.position(12);
    return out.put(bytes).array();
  }
}
