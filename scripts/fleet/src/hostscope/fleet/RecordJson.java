package hostscope.fleet;

import java.io.Serializable;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructType;

/** A merged row as a message for Kafka: the JSON that exporter/encoding/json_encoder.h writes, its key and its headers. */
final class RecordJson implements Serializable {
  static final StructType MESSAGE = StructType.fromDDL(
      "key string, value string, headers array<struct<key:string,value:binary>>");

  private final String observer;
  private final boolean withSketches;

  RecordJson(String observer, boolean withSketches) {
    this.observer = observer;
    this.withSketches = withSketches;
  }

  Row message(Row row) throws UnknownHostException {
    String ip = row.getAs("ip");
    String network = row.getAs("network");
    String start = row.getAs("start");
    String seconds = row.getAs("seconds");
    String id = RecordId.of(observer, start, seconds, ip, network);
    StringBuilder out = new StringBuilder(1024);
    out.append("{\"@timestamp\":").append(quoted(start)).append(",\"window\":{\"start\":").append(quoted(start))
        .append(",\"end\":").append(quoted(row.getAs("end"))).append(",\"seconds\":").append(seconds).append('}');
    if (row.<Boolean>getAs("partial")) {
      out.append(",\"partial\":true");
    }
    out.append(",\"observer\":{\"name\":").append(quoted(observer)).append("},\"host\":{");
    out.append(ip == null ? "\"other\":true" : "\"ip\":" + quoted(ip));
    out.append(",\"network\":").append(quoted(network)).append('}');
    for (String role : HostRecords.ROLES) {
      Long flows = row.getAs(role + "_flows");
      if (flows != null && flows != 0) {
        out.append(",\"").append(role).append("\":{");
        putRole(out, row, role);
        out.append('}');
      }
    }
    out.append(",\"record_id\":\"").append(id).append("\"}");
    List<Row> headers = List.of(header("schema", "hostscope"), header("observer", observer), header("window_start", start),
        header("window_seconds", seconds), header("record_id", id));
    return RowFactory.create(ip == null ? network : ip, out.toString(), headers.toArray(new Row[0]));
  }

  private static Row header(String key, String value) {
    return RowFactory.create(key, value.getBytes(StandardCharsets.UTF_8));
  }

  private void putRole(StringBuilder out, Row row, String role) {
    String comma = "";
    for (String name : HostRecords.SUMS) {
      out.append(comma).append('"').append(name).append("\":").append(number(row, role + "_" + name));
      comma = ",";
    }
    long timed = number(row, role + "_timed");
    if (timed != 0) {
      out.append(",\"avg_duration\":");
      putMean(out, number(row, role + "_microseconds"), timed);
    }
    StringBuilder sketches = new StringBuilder();
    for (String name : HostRecords.FIGURES) {
      byte[] sketch = Sketches.canonical(row.getAs(role + "_sketch_" + name));
      long figure = Sketches.estimate(sketch);
      if (number(row, role + "_bare_" + name) != 0) {
        // Not everything is in the sketch: a lower bound, as of an appliance without memory for it.
        figure = Math.max(figure, number(row, role + "_" + name));
      } else {
        sketches.append(",\"").append(name).append("\":\"").append(Base64.getEncoder().encodeToString(sketch)).append('"');
      }
      out.append(",\"").append(name).append("\":").append(figure);
    }
    putCounts(out, row, "tcp_flags", role + "_flag_", HostRecords.FLAGS);
    putCounts(out, row, "protocols", role + "_protocol_", HostRecords.PROTOCOLS);
    if (withSketches) {
      if (timed != 0) {
        sketches.insert(0, ",\"duration\":{\"flows\":" + timed + ",\"microseconds\":" + number(row, role + "_microseconds") + "}");
      }
      if (!sketches.isEmpty()) {
        out.append(",\"sketches\":{").append(sketches, 1, sketches.length()).append('}');
      }
    }
  }

  private static void putCounts(StringBuilder out, Row row, String name, String prefix, List<String> keys) {
    out.append(",\"").append(name).append("\":{");
    String comma = "";
    for (String key : keys) {
      out.append(comma).append('"').append(key).append("\":").append(number(row, prefix + key));
      comma = ",";
    }
    out.append('}');
  }

  /** Seconds, rounded to the nearest millisecond, halves up, without trailing zeros: as MeanDurationMs(). */
  private static void putMean(StringBuilder out, long microseconds, long timed) {
    long divisor = timed * 1000;
    long rest = microseconds % divisor;
    long milliseconds = microseconds / divisor + (rest >= divisor - rest ? 1 : 0);
    out.append(milliseconds / 1000);
    long fraction = milliseconds % 1000;
    if (fraction != 0) {
      String digits = Long.toString(1000 + fraction).substring(1);
      out.append('.').append(digits.replaceAll("0+$", ""));
    }
  }

  private static long number(Row row, String name) {
    Long value = row.getAs(name);
    return value == null ? 0 : value;
  }

  private static String quoted(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (int i = 0; i < text.length(); ++i) {
      char letter = text.charAt(i);
      if (letter == '"' || letter == '\\') {
        out.append('\\').append(letter);
      } else if (letter < ' ') {
        out.append(String.format("\\u%04x", (int) letter));
      } else {
        out.append(letter);
      }
    }
    return out.append('"').toString();
  }
}
