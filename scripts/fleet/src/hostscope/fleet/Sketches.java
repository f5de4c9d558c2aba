package hostscope.fleet;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Base64;
import org.apache.datasketches.hll.TgtHllType;
import org.apache.datasketches.hll.Union;

/**
 * Sketches of host records: HLL_8, lgK 12, in the form that aggregator/sketch_bytes.h lays down, which is a compact sketch
 * of Apache DataSketches with its coupons in ascending order and, when dense, without an estimate by history.
 */
final class Sketches {
  private static final int LG_K = 12;
  private static final int REGISTERS = 1 << LG_K;
  private static final int LIST_START = 8;
  private static final int SET_START = 12;
  private static final int DENSE_START = 40;
  private static final int MAX_LIST = 7;
  private static final int MAX_SET = 384;
  private static final int MAX_VALUE = 39;  // of a register: 64 - 26 bits, plus one
  private static final int LIST = 0;
  private static final int SET = 1;
  private static final int DENSE = 2;
  private static final int COMPACT_FLAG = 8;
  private static final int EMPTY_FLAG = 4;
  private static final int OUT_OF_ORDER_FLAG = 16;

  private Sketches() {}

  /** The bytes of a sketch in a record; null where they are none of ours, so that one bad record ends no query. */
  static byte[] read(String base64) {
    if (base64 == null) {
      return null;
    }
    try {
      byte[] bytes = Base64.getDecoder().decode(base64);
      return isSound(bytes) ? bytes : null;
    } catch (IllegalArgumentException notBase64) {
      return null;
    }
  }

  private static boolean isSound(byte[] bytes) {
    if (bytes.length < LIST_START || bytes[1] != 1 || bytes[2] != 7 || bytes[3] != LG_K || (bytes[7] >> 2) != 2) {
      return false;
    }
    int mode = bytes[7] & 3;
    if (mode == DENSE) {
      return bytes[0] == 10 && (bytes[5] & COMPACT_FLAG) == 0 && bytes.length == DENSE_START + REGISTERS && areRegisters(bytes);
    }
    if ((bytes[5] & COMPACT_FLAG) == 0) {
      return false;
    }
    if (mode == LIST) {
      return bytes[0] == 2 && bytes[6] >= 0 && bytes[6] <= MAX_LIST && bytes.length == LIST_START + 4 * bytes[6]
          && ((bytes[5] & EMPTY_FLAG) != 0) == (bytes[6] == 0) && areCoupons(bytes, LIST_START);
    }
    if (mode != SET || bytes[0] != 3 || bytes.length < SET_START) {
      return false;
    }
    int count = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(LIST_START);
    return count > 0 && count <= MAX_SET && bytes.length == SET_START + 4 * count && bytes[4] >= 5 && bytes[4] <= 9
        && areCoupons(bytes, SET_START);
  }

  private static boolean areRegisters(byte[] bytes) {
    for (int at = DENSE_START; at < bytes.length; ++at) {
      if (bytes[at] < 0 || bytes[at] > MAX_VALUE) {
        return false;
      }
    }
    return true;
  }

  private static boolean areCoupons(byte[] bytes, int start) {
    for (int at = start + 3; at < bytes.length; at += 4) {
      int value = (bytes[at] & 0xff) >> 2;
      if (value < 1 || value > MAX_VALUE) {
        return false;
      }
    }
    return true;
  }

  /** What hll_union_agg gives, the state of a union, in the form that an appliance writes. */
  static byte[] canonical(byte[] union) {
    byte[] sketch = Union.heapify(union).getResult(TgtHllType.HLL_8).toCompactByteArray();
    return (sketch[7] & 3) == DENSE ? writeRegisters(sketch) : writeCoupons(sketch);
  }

  private static byte[] writeCoupons(byte[] sketch) {
    int start = (sketch[7] & 3) == LIST ? LIST_START : SET_START;
    ByteBuffer from = ByteBuffer.wrap(sketch).order(ByteOrder.LITTLE_ENDIAN);
    int[] coupons = new int[(sketch.length - start) / 4];
    for (int i = 0; i < coupons.length; ++i) {
      coupons[i] = from.getInt(start + 4 * i) ^ Integer.MIN_VALUE;  // ordered as unsigned
    }
    Arrays.sort(coupons);
    ByteBuffer to = ByteBuffer.wrap(sketch.clone()).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < coupons.length; ++i) {
      to.putInt(start + 4 * i, coupons[i] ^ Integer.MIN_VALUE);
    }
    to.put(5, (byte) (COMPACT_FLAG | (coupons.length == 0 ? EMPTY_FLAG : 0)));
    return to.array();
  }

  private static byte[] writeRegisters(byte[] sketch) {
    // Sums of powers of two that span less than 53 bits: exact in whatever order.
    double large = 0;
    double small = 0;
    int zeros = 0;
    for (int at = DENSE_START; at < sketch.length; ++at) {
      int value = sketch[at];
      zeros += value == 0 ? 1 : 0;
      if (value < 32) {
        large += Math.scalb(1.0, -value);
      } else {
        small += Math.scalb(1.0, -value);
      }
    }
    ByteBuffer out = ByteBuffer.wrap(sketch.clone()).order(ByteOrder.LITTLE_ENDIAN);
    out.put(5, (byte) OUT_OF_ORDER_FLAG).putDouble(8, 0).putDouble(16, large).putDouble(24, small);
    out.putInt(32, zeros).putInt(36, 0);
    return out.array();
  }

  /** The figure that belongs to a sketch of canonical(): exact while it has coupons, else Ertl's improved raw estimator. */
  static long estimate(byte[] sketch) {
    return switch (sketch[7] & 3) {
      case LIST -> (sketch.length - LIST_START) / 4;
      case SET -> (sketch.length - SET_START) / 4;
      default -> Math.round(estimateRegisters(sketch));
    };
  }

  /** aggregator/hll_estimate.cpp, operation by operation: arXiv:1702.01284, algorithm 6. */
  private static double estimateRegisters(byte[] sketch) {
    int[] counts = new int[64];
    for (int at = DENSE_START; at < sketch.length; ++at) {
      ++counts[sketch[at]];
    }
    double m = REGISTERS;
    double z = m * tau(1.0 - counts[MAX_VALUE] / m);
    for (int value = MAX_VALUE - 1; value >= 1; --value) {
      z = 0.5 * (z + counts[value]);
    }
    z += m * sigma(counts[0] / m);
    return 0.5 / Math.log(2) * m * m / z;
  }

  private static double sigma(double x) {
    if (x >= 1.0) {
      return Double.POSITIVE_INFINITY;
    }
    double weight = 1.0;
    double sum = x;
    for (double before = -1.0; sum != before;) {
      before = sum;
      x *= x;
      sum += x * weight;
      weight += weight;
    }
    return sum;
  }

  private static double tau(double x) {
    if (x <= 0.0 || x >= 1.0) {
      return 0.0;
    }
    double weight = 1.0;
    double sum = 1.0 - x;
    for (double before = -1.0; sum != before;) {
      before = sum;
      x = Math.sqrt(x);
      weight *= 0.5;
      sum -= (1.0 - x) * (1.0 - x) * weight;
    }
    return sum / 3.0;
  }
}
