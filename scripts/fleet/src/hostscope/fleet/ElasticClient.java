package hostscope.fleet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.GZIPOutputStream;

/** Documents into data streams. What the server can't take now is sent again for ever; what it refuses for good is logged. */
final class ElasticClient {
  private static final Duration TIMEOUT = Duration.ofMinutes(1);
  private static final long FIRST_PAUSE_MS = 500;
  private static final long LONGEST_PAUSE_MS = 30_000;
  private static final Set<Integer> LATER = Set.of(401, 403, 404, 408, 429);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final HttpClient http = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();
  private final List<String> urls;
  private final String apiKeyFile;
  private final String passwordFile;
  private final Set<String> templates = new HashSet<>();
  private int turn = 0;
  private long pauseMs = FIRST_PAUSE_MS;

  ElasticClient(List<String> urls, String apiKeyFile, String passwordFile) {
    this.urls = urls;
    this.apiKeyFile = apiKeyFile;
    this.passwordFile = passwordFile;
  }

  /** Without it a data stream would be made as a plain index. */
  void needTemplate(String name) throws IOException, InterruptedException {
    while (!templates.contains(name)) {
      int status = request("HEAD", "/_index_template/" + name, null).statusCode();
      if (status == 200) {
        templates.add(name);
      } else {
        pause("the index template " + name + " is not there: status " + status);
      }
    }
  }

  /** Returns when each document is there, or was refused for good. */
  void create(String stream, Map<String, String> documents) throws IOException, InterruptedException {
    Map<String, String> left = new LinkedHashMap<>(documents);
    while (!left.isEmpty()) {
      HttpResponse<String> answer = request("POST", "/" + stream + "/_bulk", body(left));
      if (answer.statusCode() == 413 && left.size() > 1) {
        createHalf(stream, left);
        continue;
      }
      JsonNode items = answer.statusCode() == 200 ? JSON.readTree(answer.body()).path("items") : JSON.createArrayNode();
      if (items.size() != left.size()) {
        pause(stream + ": status " + answer.statusCode());
        continue;
      }
      String trouble = null;
      for (JsonNode item : items) {
        JsonNode outcome = item.path("create");
        int status = outcome.path("status").asInt();
        if (status >= 500 || LATER.contains(status)) {
          trouble = stream + ": a document has status " + status + ": " + outcome.path("error").path("reason").asText();
          continue;
        }
        if (status >= 400 && status != 409) {
          System.err.println(stream + ": refused " + left.get(outcome.path("_id").asText()) + ": " + outcome.path("error"));
        }
        left.remove(outcome.path("_id").asText());
      }
      if (trouble != null) {
        pause(trouble);
      } else {
        pauseMs = FIRST_PAUSE_MS;
      }
    }
  }

  /** Of what was too large for one request. */
  private void createHalf(String stream, Map<String, String> left) throws IOException, InterruptedException {
    Map<String, String> half = new LinkedHashMap<>();
    left.entrySet().stream().limit(left.size() / 2).forEach(each -> half.put(each.getKey(), each.getValue()));
    create(stream, half);
    left.keySet().removeAll(half.keySet());
  }

  private static byte[] body(Map<String, String> documents) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
      for (Map.Entry<String, String> document : documents.entrySet()) {
        String lines = "{\"create\":{\"_id\":\"" + document.getKey() + "\"}}\n" + document.getValue() + "\n";
        out.write(lines.getBytes(StandardCharsets.UTF_8));
      }
    }
    return bytes.toByteArray();
  }

  /** Until there is an answer. */
  private HttpResponse<String> request(String method, String path, byte[] body) throws IOException, InterruptedException {
    while (true) {
      String url = urls.get(turn % urls.size()).replaceAll("/$", "");
      HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url + path)).timeout(TIMEOUT)
          .method(method, body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofByteArray(body));
      if (body != null) {
        request.header("Content-Type", "application/x-ndjson").header("Content-Encoding", "gzip");
      }
      if (!apiKeyFile.isEmpty()) {
        request.header("Authorization", "ApiKey " + firstLine(apiKeyFile));
      } else if (!passwordFile.isEmpty()) {
        byte[] login = firstLine(passwordFile).getBytes(StandardCharsets.UTF_8);
        request.header("Authorization", "Basic " + Base64.getEncoder().encodeToString(login));
      }
      try {
        return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
      } catch (IOException failed) {
        pause(url + ": " + failed);
      }
    }
  }

  private static String firstLine(String file) throws IOException {
    return Files.readAllLines(Path.of(file)).get(0);
  }

  private void pause(String why) throws InterruptedException {
    System.err.println("elasticsearch: " + why + "; once more in " + pauseMs + " ms");
    Thread.sleep(pauseMs);
    pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    ++turn;
  }
}
