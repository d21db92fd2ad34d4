package io.connectctl.manager.diagnose;

import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * YARN can't be reached, or took the application and doesn't run it: Spark itself would wait for ever. Its log tells YARN's words once and
 * never again while they change, so the supervisor asks YARN when a start fails, and adds what it says to the log's end.
 */
final class YarnWaits implements Rule {
    private static final Pattern RETRYING =
            Pattern.compile("Retrying connect to server: (\\S{1,200}?)\\. Already tried");
    private static final Pattern SILENT =
            Pattern.compile("^The cluster says nothing: no ResourceManager answers: (\\S{1,200}?): ");
    /** A queue takes only so many applications, running and waiting together. */
    private static final Pattern CROWDED =
            Pattern.compile("Queue (\\S{1,200}) already has (\\d{1,9}) applications, cannot accept submission");

    /** It answered: what the driver does next, such as to upload its jars, is no word of whether it still does. */
    private static final Pattern REACHED =
            Pattern.compile("Submitted application application_|Verifying our application has not requested");

    private static final Pattern WAITS = Pattern.compile(
            "^YARN says of (application_\\d{1,20}_\\d{1,10}): (?:NEW|NEW_SAVING|SUBMITTED|ACCEPTED):(.{0,600})");
    private static final Pattern NO_NODE = Pattern.compile("^YARN says: cluster has no working NodeManager");

    /** The master runs, and registers only after it reached the driver. */
    private static final Pattern MASTER_RUNS = Pattern.compile(
            "^YARN says of application_\\S{1,40}: ACCEPTED: .{0,100}waiting for AM container to Register");

    @Override
    public Optional<Finding> look(Clues clues) {
        Optional<Finding> crowded = clues.startup(CROWDED)
                .flatMap(hit -> hit.fault(
                        "QUEUE_FULL",
                        "the queue '" + hit.group(1) + "' takes no further application beside the " + hit.group(2)
                                + " that it has",
                        "wait until others end, or take another queue: " + clues.again("--queue QUEUE")));
        if (crowded.isPresent()) {
            return crowded;
        }
        if (!clues.lived() || clues.evidence().stage() != Evidence.Stage.STARTING) {
            return Optional.empty();
        }
        Optional<Hit> waits = clues.anyLine(WAITS);
        if (waits.isEmpty() && clues.startupLine(REACHED).isPresent()) {
            return Optional.empty();
        }
        if (waits.isEmpty()) {
            // A driver that didn't get as far as YARN in its time says nothing of it itself.
            return clues.startupLine(RETRYING)
                    .or(() -> clues.anyLine(SILENT))
                    .flatMap(hit -> hit.fault(
                            "YARN_UNREACHABLE",
                            "YARN's ResourceManager at " + hit.group(1) + " doesn't answer",
                            "start it, or name the folder whose yarn-site.xml has its address: "
                                    + clues.again("--hadoop-conf /etc/hadoop/conf")))
                    .or(() -> clues.anyLine(NO_NODE).flatMap(hit -> nodesDown(clues, hit, "its application")));
        }
        if (clues.anyLine(MASTER_RUNS).isPresent()) {
            return waits.flatMap(hit -> DriverUnreachable.of(
                    clues,
                    hit,
                    "the master of " + hit.group(1) + " runs on the cluster and doesn't get to the driver"));
        }
        String queue = clues.spec().cluster().queue().orElse("default");
        return clues.anyLine(NO_NODE)
                .flatMap(hit ->
                        nodesDown(clues, hit, waits.map(wait -> wait.group(1)).orElse("its application")))
                .or(() -> waits.flatMap(hit -> hit.fault(
                        "QUEUE_FULL",
                        "the queue '" + queue + "' had no room for " + hit.group(1) + " within "
                                + Ending.seconds(clues.spec().health().startTimeout()) + " (health.startTimeout): "
                                + (hit.group(2).isEmpty() ? "it says nothing of why" : hit.group(2)),
                        "wait longer (--start-timeout), ask for less (--executors, --executor-memory, spark.yarn.am.memory in"
                                + " conf), or take another queue: " + clues.again("--queue QUEUE"))));
    }

    private static Optional<Finding> nodesDown(Clues clues, Hit hit, String waiting) {
        return hit.fault(
                "NODES_DOWN",
                waiting + " waits, as no NodeManager of the cluster works",
                "start them, and see the ResourceManager's page of nodes for why they don't: disks that are almost full make one"
                        + " unhealthy; then " + clues.again(""));
    }

    @Override
    public Set<String> codes() {
        return Set.of("YARN_UNREACHABLE", "NODES_DOWN", "QUEUE_FULL");
    }
}
