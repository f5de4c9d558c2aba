package hostscope.bench;

import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.apache.spark.sql.streaming.Trigger;

/**
 * Host statistics from flow records on Spark, the way that Stream4Flow takes (T. Jirsik, NOMS 2018): each flow record comes
 * through Kafka as a JSON object, and a streaming job groups them by host and window, with sets of peers and ports. Here on
 * Structured Streaming, with expressions that Spark compiles, which is faster than the Python functions of the original; and
 * of both roles, as our records have them. (Spark's approximate distinct counts would take 7 KB each, of any host.)
 *
 * <p>FlowHosts BROKERS TOPIC OUTPUT CHECKPOINT: all that is there, then it ends.
 */
public final class FlowHosts {
  private static final String[] FLAGS = {"fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr"};

  public static void main(String[] arguments) throws Exception {
    SparkSession spark = SparkSession.builder().config("spark.sql.session.timeZone", "UTC").getOrCreate();
    String names = "`ipfix.octetDeltaCount` bigint,`ipfix.packetDeltaCount` bigint,`ipfix.flowStartMilliseconds` bigint,"
        + "`ipfix.flowEndMilliseconds` bigint,`ipfix.protocolIdentifier` int,`ipfix.tcpControlBits` int,"
        + "`ipfix.sourceTransportPort` int,`ipfix.destinationTransportPort` int,`ipfix.sourceIPv4Address` string,"
        + "`ipfix.destinationIPv4Address` string";
    Dataset<Row> flows = spark.readStream().format("kafka").option("kafka.bootstrap.servers", arguments[0])
        .option("subscribe", arguments[1]).option("startingOffsets", "earliest").load()
        .selectExpr("timestamp", "from_json(cast(value as string), '" + names + "') as flow")
        .selectExpr("timestamp", "flow.`ipfix.octetDeltaCount` as bytes", "flow.`ipfix.packetDeltaCount` as packets",
            "flow.`ipfix.flowEndMilliseconds` - flow.`ipfix.flowStartMilliseconds` as duration",
            "flow.`ipfix.protocolIdentifier` as protocol", "flow.`ipfix.tcpControlBits` as bits",
            "flow.`ipfix.sourceTransportPort` as src_port", "flow.`ipfix.destinationTransportPort` as dst_port",
            "explode(array(struct('sent' as role, flow.`ipfix.sourceIPv4Address` as host, "
                + "flow.`ipfix.destinationIPv4Address` as peer), struct('received' as role, "
                + "flow.`ipfix.destinationIPv4Address` as host, flow.`ipfix.sourceIPv4Address` as peer))) as side");
    String flags = IntStream.range(0, FLAGS.length)
        .mapToObj(i -> "count_if(protocol = 6 and (bits & " + (1 << i) + ") != 0) as " + FLAGS[i])
        .collect(Collectors.joining(","));
    flows.withWatermark("timestamp", "10 seconds").createOrReplaceTempView("flows");
    Dataset<Row> hosts = spark.sql("select window(timestamp, '10 seconds') as window, side.host, side.role, count(*) as flows, "
        + "sum(packets) as packets, sum(bytes) as bytes, avg(duration) / 1000 as avg_duration, "
        + "size(collect_set(side.peer)) as peers, "
        + "size(collect_set(if(protocol in (6, 17), src_port, null))) as src_ports, "
        + "size(collect_set(if(protocol in (6, 17), dst_port, null))) as dst_ports, " + flags
        + ", count_if(protocol = 6) as tcp, count_if(protocol = 17) as udp, count_if(protocol in (1, 58)) as icmp "
        + "from flows group by window(timestamp, '10 seconds'), side.host, side.role");
    // Each host once, when what came is all there is: as if its window were over.
    StreamingQuery query = hosts.selectExpr("host as key", "to_json(struct(*)) as value").writeStream().format("kafka")
        .option("kafka.bootstrap.servers", arguments[0]).option("topic", arguments[2]).outputMode("update")
        .option("checkpointLocation", arguments[3]).trigger(Trigger.AvailableNow()).start();
    query.awaitTermination();
  }
}
