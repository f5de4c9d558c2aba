package hostscope.fleet;

import java.util.Arrays;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.streaming.StreamingQueryListener;
import org.apache.spark.sql.streaming.StreamingQueryProgress;

/** Says of each micro-batch that had something, in one line of standard output, what came of what was read. */
final class Progress extends StreamingQueryListener {
  @Override
  public void onQueryStarted(QueryStartedEvent event) {}

  @Override
  public void onQueryProgress(QueryProgressEvent event) {
    StreamingQueryProgress progress = event.progress();
    if (progress.numInputRows() == 0 && progress.sink().numOutputRows() <= 0) {
      return;
    }
    StringBuilder line = new StringBuilder(progress.name()).append(": batch ").append(progress.batchId()).append(", ")
        .append(progress.durationMs().get("triggerExecution")).append(" ms, read ").append(progress.numInputRows());
    Row input = progress.observedMetrics().get("input");  // none of a batch that only lets time pass
    if (input != null) {
      line.append(", host records ").append(input.<Long>getAs("hosts")).append(", unreadable ")
          .append(input.<Long>getAs("unreadable"));
    }
    if (progress.stateOperators().length != 0) {
      long late = Arrays.stream(progress.stateOperators()).mapToLong(each -> each.numRowsDroppedByWatermark()).sum();
      long held = Arrays.stream(progress.stateOperators()).mapToLong(each -> each.numRowsTotal()).sum();
      long bytes = Arrays.stream(progress.stateOperators()).mapToLong(each -> each.memoryUsedBytes()).sum();
      line.append(", too late ").append(late).append(", written ").append(progress.sink().numOutputRows())
          .append(", held ").append(held).append(", in ").append(bytes >> 20)
          .append(" MiB, windows before ").append(progress.eventTime().get("watermark"));
    }
    System.out.println(line);
  }

  @Override
  public void onQueryTerminated(QueryTerminatedEvent event) {}
}
