package hostscope.fleet;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.function.ForeachPartitionFunction;
import org.apache.spark.sql.Row;

/**
 * Merged records into the data streams PREFIX-hosts-LENGTH, as an appliance's sink writes its own: a document's id is its
 * record_id, and it is created, never replaced. So a batch that is run again leaves nothing twice.
 */
final class ElasticWriter implements ForeachPartitionFunction<Row> {
  private static final ObjectMapper JSON = new ObjectMapper()
      .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);  // figures go on as they are

  private final List<String> urls;
  private final String prefix;
  private final List<Long> windows;
  private final int batchBytes;
  private final String apiKeyFile;
  private final String passwordFile;

  ElasticWriter(Settings settings) {
    urls = List.copyOf(settings.elasticUrls);
    prefix = settings.elasticStream;
    windows = List.copyOf(settings.elasticWindows);
    batchBytes = settings.elasticBatch;
    apiKeyFile = settings.elasticApiKeyFile;
    passwordFile = settings.elasticPasswordFile;
  }

  /** The documents of a stream that wait for their request. */
  private static final class Waiting {
    final Map<String, String> documents = new LinkedHashMap<>();  // by id
    int bytes = 0;
  }

  @Override
  public void call(Iterator<Row> rows) throws Exception {
    ElasticClient client = new ElasticClient(urls, apiKeyFile, passwordFile);
    Map<String, Waiting> streams = new LinkedHashMap<>();
    while (rows.hasNext()) {
      ObjectNode record = parse(rows.next().getString(0));
      if (record == null || !isWanted(record)) {
        continue;
      }
      String stream = prefix + "-hosts-" + lengthName(record.at("/window/seconds").decimalValue());
      Waiting waiting = streams.computeIfAbsent(stream, name -> new Waiting());
      String document = toDocument(record);
      waiting.documents.put(record.path("record_id").textValue(), document);
      waiting.bytes += document.length();
      if (waiting.bytes >= batchBytes) {
        send(client, stream, waiting);
      }
    }
    for (Map.Entry<String, Waiting> left : streams.entrySet()) {
      send(client, left.getKey(), left.getValue());
    }
  }

  private void send(ElasticClient client, String stream, Waiting waiting) throws Exception {
    if (!waiting.documents.isEmpty()) {
      client.needTemplate(prefix + stream.substring(stream.lastIndexOf('-')));
      client.create(stream, waiting.documents);
      waiting.documents.clear();
      waiting.bytes = 0;
    }
  }

  private static ObjectNode parse(String text) {
    try {
      return JSON.readTree(text) instanceof ObjectNode record && record.path("record_id").isTextual()
              && record.at("/window/seconds").isNumber() && record.path("host").isObject() ? record : null;
    } catch (JsonProcessingException notOurs) {
      return null;
    }
  }

  private boolean isWanted(ObjectNode record) {
    return windows.isEmpty()
        || windows.contains(record.at("/window/seconds").decimalValue().movePointRight(3).longValue());
  }

  /** docs/elasticsearch.md: without sketches, and with the network as an object. */
  private static String toDocument(ObjectNode record) throws JsonProcessingException {
    for (String role : HostRecords.ROLES) {
      if (record.get(role) instanceof ObjectNode figures) {
        figures.remove("sketches");
      }
    }
    ObjectNode host = (ObjectNode) record.get("host");
    JsonNode network = host.get("network");
    host.putObject("network").set("prefix", network);
    return JSON.writeValueAsString(record);
  }

  /** In the largest unit that holds it without a fraction, as exporter/elastic/elastic_names.h. */
  static String lengthName(BigDecimal seconds) {
    long ns = seconds.movePointRight(9).longValueExact();
    String[] units = {"d", "h", "m", "s", "ms", "us"};
    long[] lengths = {86_400_000_000_000L, 3_600_000_000_000L, 60_000_000_000L, 1_000_000_000L, 1_000_000L, 1000L};
    for (int i = 0; i < units.length; ++i) {
      if (ns % lengths[i] == 0) {
        return ns / lengths[i] + units[i];
      }
    }
    return ns + "ns";
  }
}
