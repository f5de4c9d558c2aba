package hostscope.fleet;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The configuration: conf/fleet.properties says what each name is. */
final class Settings {
  /** Every problem of a file, one a line. */
  static final class Wrong extends Exception {
    Wrong(List<String> problems) {
      super(String.join("\n", problems));
    }
  }

  private static final Map<String, String> DEFAULTS = new TreeMap<>(Map.ofEntries(
      Map.entry("input.topics", "hostscope.hosts,hostscope.windows"), Map.entry("input.from", "earliest"),
      Map.entry("input.batch", "0"), Map.entry("output.topic", "hostscope.fleet.hosts"),
      Map.entry("output.sketches", "true"), Map.entry("observer", "fleet"), Map.entry("windows", ""),
      Map.entry("lateness", "1m"), Map.entry("trigger", "10s"), Map.entry("elasticsearch.urls", ""),
      Map.entry("elasticsearch.data_stream", "hostscope-fleet"), Map.entry("elasticsearch.windows", ""),
      Map.entry("elasticsearch.batch", "4194304"), Map.entry("elasticsearch.api_key_file", ""),
      Map.entry("elasticsearch.password_file", "")));
  private static final List<String> NEEDED = List.of("brokers", "checkpoint");
  private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(ms|s|m|h|d)");
  private static final Map<String, Long> MILLISECONDS = Map.of("ms", 1L, "s", 1000L, "m", 60_000L, "h", 3_600_000L,
      "d", 86_400_000L);
  private static final String DURATIONS = "a duration such as 10s, 500ms, 5m";

  private final Path file;
  private final Map<String, String> values = new HashMap<>(DEFAULTS);
  private final Map<String, Integer> lines = new HashMap<>();
  private final List<String> problems = new ArrayList<>();

  final String brokers;
  final List<String> inputTopics;
  final String inputFrom;
  final long inputBatch;
  final String outputTopic;
  final boolean outputSketches;
  final String observer;
  final List<Long> windows;
  final long latenessMs;
  final long triggerMs;  // -1: once
  final String checkpoint;
  final List<String> elasticUrls;
  final String elasticStream;
  final List<Long> elasticWindows;
  final int elasticBatch;
  final String elasticApiKeyFile;
  final String elasticPasswordFile;

  Settings(Path file) throws IOException, Wrong {
    this.file = file;
    readLines();
    for (String name : NEEDED) {
      if (values.getOrDefault(name, "").isEmpty()) {
        problems.add(at(name) + "is missing; it has no default");
        values.put(name, "");
      }
    }
    brokers = values.get("brokers");
    inputTopics = list("input.topics");
    inputFrom = oneOf("input.from", "earliest", "latest");
    inputBatch = number("input.batch", 0);
    outputTopic = values.get("output.topic");
    outputSketches = oneOf("output.sketches", "true", "false").equals("true");
    observer = values.get("observer");
    windows = durations("windows");
    latenessMs = duration("lateness", values.get("lateness"));
    triggerMs = values.get("trigger").equals("once") ? -1 : duration("trigger", values.get("trigger"));
    checkpoint = values.get("checkpoint");
    elasticUrls = list("elasticsearch.urls");
    elasticStream = values.get("elasticsearch.data_stream");
    elasticWindows = durations("elasticsearch.windows");
    elasticBatch = (int) Math.min(number("elasticsearch.batch", 1), 100 << 20);
    elasticApiKeyFile = values.get("elasticsearch.api_key_file");
    elasticPasswordFile = values.get("elasticsearch.password_file");
    check();
    if (!problems.isEmpty()) {
      throw new Wrong(problems);
    }
  }

  /** kafka.NAME and spark.NAME, by what they begin with. */
  Map<String, String> passedOn(String prefix) {
    Map<String, String> found = new TreeMap<>();
    values.forEach((name, value) -> {
      if (name.startsWith(prefix)) {
        found.put(name, value);
      }
    });
    return found;
  }

  private void readLines() throws IOException {
    int number = 0;
    for (String line : Files.readAllLines(file, StandardCharsets.UTF_8)) {
      ++number;
      String text = line.strip();
      if (text.isEmpty() || text.startsWith("#")) {
        continue;
      }
      int equals = text.indexOf('=');
      if (equals < 1) {
        problems.add(file + ":" + number + ": " + text + ": is no setting; name = value is");
        continue;
      }
      String name = text.substring(0, equals).strip();
      boolean known = DEFAULTS.containsKey(name) || NEEDED.contains(name) || name.matches("(kafka|spark)\\..+");
      if (!known) {
        problems.add(file + ":" + number + ": " + name + ": is unknown; known are " + String.join(", ", NEEDED) + ", "
            + String.join(", ", DEFAULTS.keySet()) + ", kafka.NAME, spark.NAME");
      } else if (lines.containsKey(name)) {
        problems.add(file + ":" + number + ": " + name + ": is there twice; first in line " + lines.get(name));
      } else {
        lines.put(name, number);
        values.put(name, text.substring(equals + 1).strip());
      }
    }
  }

  private void check() {
    if (inputTopics.isEmpty()) {
      problems.add(at("input.topics") + "is empty; one topic or more, separated by commas");
    }
    if (outputTopic.isEmpty() || inputTopics.contains(outputTopic)) {
      problems.add(at("output.topic") + outputTopic + " is no topic of its own; one that is not in input.topics");
    }
    if (observer.isEmpty()) {
      problems.add(at("observer") + "is empty; a name that no appliance has");
    }
    for (String url : elasticUrls) {
      if (!url.matches("https?://[^/@]+/?")) {
        problems.add(at("elasticsearch.urls") + url + " is no address; http:// or https://, a host and a port, no user");
      }
    }
    if (!elasticStream.matches("[a-z0-9][a-z0-9._-]*")) {
      problems.add(at("elasticsearch.data_stream") + elasticStream
          + " is no prefix; lower-case letters, digits, dots, hyphens and underscores");
    }
    if (!elasticApiKeyFile.isEmpty() && !elasticPasswordFile.isEmpty()) {
      problems.add(at("elasticsearch.password_file") + "is there with elasticsearch.api_key_file; only one of both");
    }
  }

  /** FILE:LINE: NAME: , or without the line where it is not in the file. */
  private String at(String name) {
    return file + (lines.containsKey(name) ? ":" + lines.get(name) : "") + ": " + name + ": ";
  }

  private List<String> list(String name) {
    return Arrays.stream(values.get(name).split(",")).map(String::strip).filter(word -> !word.isEmpty()).toList();
  }

  private String oneOf(String name, String... allowed) {
    if (!Arrays.asList(allowed).contains(values.get(name))) {
      problems.add(at(name) + values.get(name) + " is not one of them; " + String.join(", ", allowed));
    }
    return values.get(name);
  }

  private long number(String name, long least) {
    try {
      long value = Long.parseLong(values.get(name));
      if (value >= least) {
        return value;
      }
    } catch (NumberFormatException notOne) {
      // Said below.
    }
    problems.add(at(name) + values.get(name) + " is no number; " + least + " or more");
    return least;
  }

  private List<Long> durations(String name) {
    return list(name).stream().map(word -> duration(name, word)).toList();
  }

  private long duration(String name, String text) {
    Matcher matcher = DURATION.matcher(text);
    if (!matcher.matches()) {
      problems.add(at(name) + text + " is no duration; " + DURATIONS);
      return 0;
    }
    return Long.parseLong(matcher.group(1)) * MILLISECONDS.get(matcher.group(2));
  }
}
