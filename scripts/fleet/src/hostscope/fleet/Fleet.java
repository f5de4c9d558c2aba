package hostscope.fleet;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.DataStreamReader;
import org.apache.spark.sql.streaming.DataStreamWriter;
import org.apache.spark.sql.streaming.StreamingQueryException;
import org.apache.spark.sql.streaming.Trigger;

/**
 * Merges the host records of several appliances, and indexes the merged ones: docs/fleet.md.
 *
 * <p>Two queries, so that a search server that is away delays nothing: `merge`, from the appliances' topics to one of merged
 * records, and `index`, from there to Elasticsearch. Each has its own checkpoint, and can be a program of its own.
 */
public final class Fleet {
  private static final String USAGE = """
      usage: spark-submit … hostscope-fleet.jar [check|merge|index|all] CONFIG
        check  reads the configuration, says every problem
        merge  unites the appliances' host records
        index  writes the merged ones to Elasticsearch
        all    both, which is what happens when none is named
      Exit status: 0 success, 1 it failed, 2 wrong usage.""";

  private final Settings settings;
  private final SparkSession spark;

  private Fleet(Settings settings, SparkSession spark) {
    this.settings = settings;
    this.spark = spark;
  }

  public static void main(String[] arguments) {
    System.exit(run(arguments));
  }

  private static int run(String[] arguments) {
    String what = arguments.length == 2 ? arguments[0] : "all";
    if (arguments.length < 1 || arguments.length > 2 || !List.of("check", "merge", "index", "all").contains(what)) {
      System.err.println(USAGE);
      return 2;
    }
    try {
      Settings settings = new Settings(Path.of(arguments[arguments.length - 1]));
      if (what.equals("index") && settings.elasticUrls.isEmpty()) {
        System.err.println("index: elasticsearch.urls is empty; one address or more");
        return 1;
      }
      if (!what.equals("check")) {
        new Fleet(settings, session(settings)).stream(what);
      }
      return 0;
    } catch (Settings.Wrong wrong) {
      System.err.println(wrong.getMessage());
    } catch (IOException failed) {
      System.err.println("can't be read: " + failed.getMessage());
    } catch (StreamingQueryException | TimeoutException failed) {
      System.err.println(failed.getMessage());
    }
    return 1;
  }

  private static SparkSession session(Settings settings) {
    // Times are UTC, whatever the machine's zone. Spark would sort all records beyond the 128th host of a task.
    SparkSession.Builder builder = SparkSession.builder().appName("hostscope-fleet")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.objectHashAggregate.sortBased.fallbackThreshold", 100_000);
    settings.passedOn("spark.").forEach(builder::config);
    SparkSession spark = builder.getOrCreate();
    HostRecords.register(spark);
    spark.streams().addListener(new Progress());
    return spark;
  }

  private void stream(String what) throws IOException, TimeoutException, StreamingQueryException {
    int queries = 0;
    if (!what.equals("index")) {
      start("merge", merged().writeStream().format("kafka").options(kafka()).option("topic", settings.outputTopic)
          .outputMode("append"));
      ++queries;
    }
    if (!what.equals("merge") && !settings.elasticUrls.isEmpty()) {
      ElasticWriter writer = new ElasticWriter(settings);
      Dataset<Row> messages = messages(List.of(settings.outputTopic));
      start("index", messages.selectExpr("cast(value as string) as value").writeStream()
          .foreachBatch((Dataset<Row> batch, Long id) -> batch.foreachPartition(writer)));
      ++queries;
    }
    // The first that fails ends the program; whoever started it starts it again, and it goes on where it was.
    for (; queries > 0; --queries) {
      spark.streams().awaitAnyTermination();
      spark.streams().resetTerminated();
    }
  }

  private Dataset<Row> merged() {
    RecordJson json = new RecordJson(settings.observer, settings.outputSketches);
    return HostRecords.merge(messages(settings.inputTopics), settings)
        .map((MapFunction<Row, Row>) json::message, Encoders.row(RecordJson.MESSAGE));
  }

  private Dataset<Row> messages(List<String> topics) {
    DataStreamReader reader = spark.readStream().format("kafka").options(kafka())
        .option("subscribe", String.join(",", topics)).option("startingOffsets", settings.inputFrom);
    if (settings.inputBatch > 0) {
      reader.option("maxOffsetsPerTrigger", settings.inputBatch);
    }
    return reader.load();
  }

  private Map<String, String> kafka() {
    Map<String, String> options = new HashMap<>(settings.passedOn("kafka."));
    options.put("kafka.bootstrap.servers", settings.brokers);
    return options;
  }

  private void start(String name, DataStreamWriter<Row> writer) throws TimeoutException {
    Trigger trigger = settings.triggerMs < 0 ? Trigger.AvailableNow() : Trigger.ProcessingTime(settings.triggerMs);
    writer.queryName(name).trigger(trigger).option("checkpointLocation", settings.checkpoint + "/" + name).start();
  }
}
