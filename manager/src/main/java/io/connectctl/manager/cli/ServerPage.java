package io.connectctl.manager.cli;

import io.connectctl.manager.api.v1.ActivityView;
import io.connectctl.manager.api.v1.CauseView;
import io.connectctl.manager.api.v1.ClusterView;
import io.connectctl.manager.api.v1.MemoryView;
import io.connectctl.manager.api.v1.ServerView;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One server, a page. */
final class ServerPage {
    private static final int LABEL = 13;
    private static final int SHORT_ID = 12;

    private final List<String> lines = new ArrayList<>();

    private ServerPage() {}

    /** What can be reached of it now; where nothing of it runs there is nothing to reach. */
    static List<String> exposures(ServerView server) {
        return server.phase().equals("STOPPED") || server.phase().equals("FAILED") ? List.of() : server.exposures();
    }

    /** The page's lines. */
    static List<String> lines(ServerView server, Style style, Instant now) {
        ServerPage page = new ServerPage();
        page.lines.add(style.strong(server.name()) + "  " + style.phase(server.phase(), server.phase())
                + since(server.phaseSince(), now));
        page.field("Wanted", server.desired() + (server.changed() ? " (declaration changed: restart to apply)" : ""));
        page.field("Drift", server.drift().isEmpty() ? null : style.warning(Changes.drift(server)));
        page.field("URL", server.url());
        page.field("UI", server.uiUrl());
        page.field("Rung", rung(server));
        page.field("Spark", server.sparkVersion() + "  " + server.master() + "  runtime " + server.runtime());
        page.field("Instance", instance(server));
        page.field("Memory", memory(server.memory()));
        // A driver on a cluster runs no tasks: the cores that count are its executors'.
        page.field(
                "Cores",
                server.cores() == null || server.cluster() != null
                        ? null
                        : server.cores().toString());
        page.cluster(server.cluster());
        page.field("Clients", clients(server.activity()));
        page.field("Started", started(server));
        page.field("Log", server.logFile());
        page.field("Declared in", server.declaredIn());
        for (String exposure : exposures(server)) {
            page.field("EXPOSED", style.warning(exposure));
        }
        page.cause(server.cause(), server.logFile());
        if (server.phase().equals("STOPPED")) {
            page.field("Note", CliCommand.stoppedNote(server.name()));
        }
        return page.lines;
    }

    /** For people: the least rung is called after a container in JSON, whatever runs. */
    static String rung(ServerView server) {
        return server.rung().equals("CONTAINER") && !server.runtime().equals("docker") ? "PROCESS" : server.rung();
    }

    /** Indented under its label. */
    private void field(String label, @Nullable String value) {
        if (value != null && !value.isEmpty()) {
            lines.add("  " + label + " ".repeat(Math.max(1, LABEL - label.length())) + value);
        }
    }

    private void cluster(@Nullable ClusterView cluster) {
        if (cluster == null) {
            return;
        }
        if (cluster.applicationId() != null) {
            field(
                    "Application",
                    cluster.applicationId()
                            + (cluster.state() == null ? "" : "  " + cluster.state())
                            + (cluster.queue() == null ? "" : " in queue " + cluster.queue()));
        }
        field("Tracked at", cluster.link());
        field("Cluster says", cluster.diagnostics());
        field("Executors", executors(cluster));
        field("Executor mem", cluster.explanation());
    }

    private static String executors(ClusterView cluster) {
        String wanted = cluster.executorsWanted() == null ? "Spark's default" : cluster.executorsWanted();
        if (cluster.executorsRegistered() == null) {
            return "wanted " + wanted + "; not counted yet";
        }
        String text = cluster.executorsRegistered() + " registered, wanted " + wanted;
        if (cluster.executorsLost() != null && cluster.executorsLost() > 0) {
            text += ", " + cluster.executorsLost() + " lost";
        }
        if (cluster.executorCores() != null && cluster.executorPoolBytes() != null) {
            text += "; " + cluster.executorCores() + " cores, " + mebibytes(cluster.executorPoolBytes())
                    + " pool together";
        }
        return text;
    }

    private void cause(@Nullable CauseView cause, @Nullable String current) {
        if (cause == null) {
            return;
        }
        field("Cause", cause.code() + ": " + cause.summary());
        for (String line : cause.evidence()) {
            lines.add("  " + " ".repeat(LABEL) + "| " + line);
        }
        if (cause.logFile() != null && !cause.logFile().equals(current)) {
            field("Its log", cause.logFile());
        }
        field("Remedy", cause.remedy());
    }

    private static @Nullable String clients(@Nullable ActivityView activity) {
        if (activity == null) {
            return null;
        }
        return activity.sessions()
                + (activity.sessions() == 1 ? " session" : " sessions")
                + ", "
                + (activity.operations() == 0 ? "nothing runs" : activity.summary());
    }

    private static String since(@Nullable String instant, Instant now) {
        Optional<Instant> at = instant == null ? Optional.empty() : Durations.instant(instant);
        return at.isPresent() ? " for " + Durations.age(Duration.between(at.get(), now)) : "";
    }

    private static String instance(ServerView server) {
        StringBuilder text = new StringBuilder("incarnation ").append(server.incarnation());
        if (server.pid() != null) {
            text.append(", pid ").append(server.pid());
        }
        if (server.containerId() != null) {
            text.append(", container ").append(shortId(server.containerId()));
        }
        return text.append(", ")
                .append(server.restarts())
                .append(server.restarts() == 1 ? " restart" : " restarts")
                .toString();
    }

    /** As {@code docker ps} shows it. */
    static String shortId(String containerId) {
        return containerId.length() <= SHORT_ID ? containerId : containerId.substring(0, SHORT_ID);
    }

    private static String memory(MemoryView memory) {
        String observed =
                memory.observedPoolBytes() == null ? "" : "; the UI reports " + mebibytes(memory.observedPoolBytes());
        return mebibytes(memory.driverBytes()) + " driver, " + mebibytes(memory.poolBytes()) + " pool" + observed;
    }

    /** With one decimal where it isn't whole: {@code 727.2 MiB}. */
    static String mebibytes(long bytes) {
        return bytes % (1L << 20) == 0
                ? (bytes >> 20) + " MiB"
                : Durations.tenths(bytes / (double) (1L << 20)) + " MiB";
    }

    private static @Nullable String started(ServerView server) {
        if (server.startedAt() == null) {
            return null;
        }
        return server.startedAt()
                + (server.startSeconds() == null
                        ? ""
                        : " (" + Durations.tenths(server.startSeconds()) + " s to HEALTHY)");
    }
}
