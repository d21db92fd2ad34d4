package io.connectctl.manager.diagnose;

import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** YARN, or Spark on its word, refuses what was asked for: waiting would not help. */
final class YarnRefused implements Rule {
    private static final Pattern QUEUE = Pattern.compile("to unknown queue: (\\S{1,200})"
            + "|queue ['\"]?(\\S{1,200}?)['\"]? (?:does not exist|is not a leaf queue)"
            + "|cannot submit applications to queue (\\S{1,200})");
    private static final Pattern MEMORY = Pattern.compile(
            "Required (executor|AM) memory \\((\\d{1,12})[^)]{0,20}\\).{0,200}is above the max threshold \\((\\d{1,12}) MB\\)");
    private static final Pattern MODULE =
            Pattern.compile("Could not find or load main class org\\.apache\\.spark\\.deploy\\.yarn\\.(\\w{1,60})");

    @Override
    public Optional<Finding> look(Clues clues) {
        return clues.startup(QUEUE)
                .flatMap(hit -> hit.config(
                        "QUEUE_UNKNOWN",
                        "YARN refuses the queue '" + hit.group(1) + hit.group(2) + hit.group(3) + "'",
                        "name one that exists and that this user may submit to (yarn queue -list): "
                                + clues.again("--queue root.default")))
                .or(() -> clues.startup(MEMORY)
                        .flatMap(hit -> hit.config(
                                "QUEUE_MEMORY_SMALL",
                                "an " + (hit.group(1).equals("AM") ? "application master" : "executor") + " of "
                                        + hit.group(2)
                                        + " MiB and its overhead is more than a container of this cluster may have, "
                                        + hit.group(3) + " MiB (yarn.scheduler.maximum-allocation-mb)",
                                hit.group(1).equals("AM")
                                        ? "ask for less: " + clues.again("--conf spark.yarn.am.memory=512m")
                                        : "ask for smaller executors, and more of them: "
                                                + clues.again("--executor-memory 1g --executors 2"))))
                .or(() -> clues.anyLine(MODULE)
                        .flatMap(hit -> hit.config(
                                "YARN_JARS_MISSING",
                                "the cluster's machines don't have Spark's jars where they were told to find them"
                                        + clues.conf("spark.yarn.jars") + ": " + hit.group(1) + " isn't there",
                                "have the same folder on each machine, or let them be uploaded: put them into a zip on the"
                                        + " cluster's file system, and "
                                        + clues.again("--conf spark.yarn.archive=hdfs:///spark/spark-jars.zip"))));
    }

    @Override
    public Set<String> codes() {
        return Set.of("QUEUE_UNKNOWN", "QUEUE_MEMORY_SMALL", "YARN_JARS_MISSING");
    }
}
