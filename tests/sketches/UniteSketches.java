import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.apache.datasketches.hll.HllSketch;
import org.apache.datasketches.hll.TgtHllType;
import org.apache.datasketches.hll.Union;

/**
 * Reads two sketches a line, in hexadecimal, and prints what Apache DataSketches makes of them: both written again, and
 * their union, as a sketch and as the union's own state; and the estimates of all three, its default one and the composite.
 */
public final class UniteSketches {
  private static final HexFormat HEX = HexFormat.of();
  private static final int LG_K = 12;

  public static void main(String[] arguments) throws IOException {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    StringBuilder out = new StringBuilder();
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String[] pair = line.split(" ");
      HllSketch first = HllSketch.heapify(HEX.parseHex(pair[0]));
      HllSketch second = HllSketch.heapify(HEX.parseHex(pair[1]));
      Union union = new Union(LG_K);
      union.update(first);
      union.update(second);
      HllSketch united = union.getResult(TgtHllType.HLL_8);
      for (HllSketch sketch : new HllSketch[] {first, second, united}) {
        out.append(HEX.formatHex(sketch.toCompactByteArray())).append(' ').append(sketch.getEstimate()).append(' ')
            .append(sketch.getCompositeEstimate()).append(' ');
      }
      out.append(HEX.formatHex(union.toCompactByteArray())).append('\n');
    }
    System.out.print(out);
  }
}
