package hostscope.fleet;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.sum;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.api.java.UDF4;
import org.apache.spark.sql.types.DataTypes;

/**
 * Host records of several appliances become one for each host and window. Sums are added, sketches united by Spark's
 * hll_union_agg, records that were sent twice dropped. A window is given out when its lateness is over, once.
 */
final class HostRecords {
  static final List<String> ROLES = List.of("sent", "received");
  static final List<String> SUMS = List.of("flows", "packets", "bytes");
  static final List<String> FIGURES = List.of("peers", "src_ports", "dst_ports");
  static final List<String> FLAGS = List.of("fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr");
  static final List<String> PROTOCOLS = List.of("tcp", "udp", "icmp", "other");

  private HostRecords() {}

  /** What is read of a record; texts of numbers and times stay as they are written, as they go out again. */
  private static String schema() {
    String role = "struct<" + longs(SUMS) + ",avg_duration:decimal(20,3)," + longs(FIGURES) + ",tcp_flags:struct<"
        + longs(FLAGS) + ">,protocols:struct<" + longs(PROTOCOLS) + ">,sketches:struct<"
        + FIGURES.stream().map(name -> name + ":string").collect(Collectors.joining(","))
        + ",duration:struct<flows:bigint,microseconds:bigint>>>";
    return "window struct<start:string,end:string,seconds:string>,partial boolean,host struct<ip:string,other:boolean,"
        + "network:string>,sent " + role + ",received " + role + ",summary struct<hosts:bigint>,record_id string";
  }

  private static String longs(List<String> names) {
    return names.stream().map(name -> name + ":bigint").collect(Collectors.joining(","));
  }

  static void register(SparkSession spark) {
    spark.udf().register("read_sketch", (UDF1<String, byte[]>) Sketches::read, DataTypes.BinaryType);
    spark.udf().register("has_id", (UDF4<String, String, String, String, Boolean>) RecordId::isPossible, DataTypes.BooleanType);
  }

  /** `messages` have a `value`. The result's columns are those that RecordJson reads. */
  static Dataset<Row> merge(Dataset<Row> messages, Settings settings) {
    Dataset<Row> read = messages
        .select(expr("from_json(cast(value as string), '" + schema() + "') as record"), expr("struct(xxhash64(value), hash(value)) as content"))
        .withColumn("window_end", expr("to_timestamp(record.window.end)"))
        .withColumn("is_host", expr("coalesce(record.host.ip is not null or record.host.other, false) and "
            + "record.host.network is not null and record.window.start is not null and record.window.seconds is not null "
            + "and record.record_id is not null and (record.sent is not null or record.received is not null)"))
        .observe("input", count(lit(1)).as("records"), expr("count_if(is_host and window_end is not null) as hosts"),
            expr("count_if(window_end is null or not (is_host or record.summary is not null)) as unreadable"));
    // In one expression, of which no part goes without window_end: else Spark filters before it looks how late it is, and
    // window records too say that.
    Dataset<Row> hosts = read.withWatermark("window_end", settings.latenessMs + " milliseconds")
        .where("least(window_end is not null, is_host)");
    if (!settings.windows.isEmpty()) {
      String seconds = settings.windows.stream().map(ms -> ms + "").collect(Collectors.joining(","));
      hosts = hosts.where("cast(cast(record.window.seconds as decimal(20,9)) * 1000 as bigint) in (" + seconds + ")");
    }
    // A record that an appliance sent twice is the same, byte for byte; two parts of a window that was cut are not.
    hosts = hosts.dropDuplicates(new String[] {"window_end", "content"});
    return unite(hosts.select(figures().toArray(new Column[0])));
  }

  /** A row of flat columns for each record: Spark's code for these is faster than for nested ones. */
  private static List<Column> figures() {
    List<Column> columns = new ArrayList<>(List.of(col("window_end"), col("record.window.start").as("start"),
        col("record.window.end").as("end"), col("record.window.seconds").as("seconds"), col("record.host.ip").as("ip"),
        expr("if(record.host.ip is null, record.host.network, null) as other"), col("record.host.network").as("network"),
        expr("coalesce(record.partial, false) as partial")));
    for (String role : ROLES) {
      String from = "record." + role + ".";
      SUMS.forEach(name -> columns.add(col(from + name).as(role + "_" + name)));
      FIGURES.forEach(name -> columns.add(col(from + name).as(role + "_" + name)));
      FLAGS.forEach(name -> columns.add(col(from + "tcp_flags." + name).as(role + "_flag_" + name)));
      PROTOCOLS.forEach(name -> columns.add(col(from + "protocols." + name).as(role + "_protocol_" + name)));
      // Without the exact sum the mean stands for all flow records, as if each had both times.
      columns.add(expr("coalesce(" + from + "sketches.duration.flows, if(" + from + "avg_duration is null, null, " + from
          + "flows)) as " + role + "_timed"));
      columns.add(expr("coalesce(" + from + "sketches.duration.microseconds, cast(" + from + "avg_duration * 1000000 * "
          + from + "flows as bigint)) as " + role + "_microseconds"));
      FIGURES.forEach(name -> columns.add(expr("read_sketch(" + from + "sketches." + name + ") as " + role + "_sketch_" + name)));
    }
    return columns;
  }

  private static Dataset<Row> unite(Dataset<Row> records) {
    List<Column> united = new ArrayList<>(List.of(expr("max(partial) as partial")));
    for (String role : ROLES) {
      SUMS.forEach(name -> united.add(total(role + "_" + name)));
      FLAGS.forEach(name -> united.add(total(role + "_flag_" + name)));
      PROTOCOLS.forEach(name -> united.add(total(role + "_protocol_" + name)));
      united.add(total(role + "_timed"));
      united.add(total(role + "_microseconds"));
      for (String name : FIGURES) {
        String sketch = role + "_sketch_" + name;
        united.add(expr("hll_union_agg(" + sketch + ") as " + sketch));
        // How far to trust it: records whose figure has no sketch, and the largest figure of any.
        united.add(expr("count_if(" + role + "_" + name + " is not null and " + sketch + " is null) as " + role + "_bare_" + name));
        united.add(expr("max(" + role + "_" + name + ") as " + role + "_" + name));
      }
    }
    Column first = expr("min(network) as network");
    return records.groupBy("window_end", "start", "end", "seconds", "ip", "other").agg(first, united.toArray(new Column[0]));
  }

  private static Column total(String name) {
    return sum(col(name)).as(name);
  }
}
