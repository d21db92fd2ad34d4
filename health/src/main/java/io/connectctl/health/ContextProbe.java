package io.connectctl.health;

import io.connectctl.health.ProbeFailure.Kind;
import io.connectctl.health.ui.Application;
import io.connectctl.health.ui.Driver;
import io.connectctl.health.ui.Executors;
import io.connectctl.health.ui.SparkUi;
import io.grpc.Deadline;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@link Rung#SESSION}: the SparkContext lives, and it is this instance's. A server may lose its context and go on
 * answering gRPC (a zombie), so {@link Rung#RPC} doesn't say.
 *
 * <p>The UI lives and dies with the context and answers without a trace, so it is asked first; the marker in its
 * configuration tells it from another Spark's. Where it can't be reached, a call in the instance's one fixed session
 * decides; docs/probing.md says what that costs.
 */
final class ContextProbe implements Probe {
    private static final Logger LOG = LoggerFactory.getLogger(ContextProbe.class);

    /** The Spark property that holds {@link ProbeTarget#marker()}. */
    static final String MARKER_KEY = "spark.connectctl.instance";

    /** A container or a worker's process, a JVM, its registration: some ten seconds where the cluster has room, more where it is busy. */
    private static final Duration EXECUTOR_PATIENCE = Duration.ofMinutes(1);

    private final ProbeTarget target;
    private final Findings findings;
    private final FixedSession session;

    ContextProbe(ProbeTarget target, SparkConnectClient client, Findings findings) {
        this.target = target;
        this.findings = findings;
        this.session = new FixedSession(target, client, findings);
    }

    @Override
    public ProbeResult probe(Deadline deadline) throws InterruptedException {
        String without = "the UI is off";
        if (!target.uiPorts().isEmpty()) {
            UiSearch search = new UiSearch();
            search.run(deadline);
            if (search.found) {
                findings.silentUi = 0;
                noteUiMissing("");
                return executors(deadline);
            }
            if (!search.foreign.isEmpty()
                    && findings.ui == null
                    && search.unreadable.isEmpty()
                    && search.silent.isEmpty()) {
                return ProbeResult.failed(Kind.FOREIGN_UI, search.foreignDetail());
            }
            findings.silentUi = search.silent.isEmpty() ? 0 : findings.silentUi + 1;
            if (findings.silentUi == 1) {
                // Busy is likelier than broken, and the other way leaves traces: once more before that.
                return ProbeResult.failed(
                        Kind.TIMED_OUT, "no answer from the UI at " + String.join(", ", search.silent));
            }
            without = search.missingDetail();
        }
        ProbeResult result = session.probe(without, deadline);
        if (result instanceof ProbeResult.Passed) {
            noteUiMissing(without);
        }
        return result;
    }

    /**
     * With a cluster, whether enough executors are there. One that was lost is its cluster's to replace, and another driver would only
     * cost its users their sessions: so after the first time that all were there, some may be missing for a while.
     */
    private ProbeResult executors(Deadline deadline) throws InterruptedException {
        SparkUi ui = findings.ui;
        Optional<String> application = findings.observed.applicationId();
        if (target.minExecutors().isEmpty() || ui == null || application.isEmpty()) {
            return ProbeResult.PASSED;
        }
        int least = target.minExecutors().getAsInt();
        Executors executors;
        try {
            executors = ui.executors(application.get(), Duration.ofNanos(deadline.timeRemaining(TimeUnit.NANOSECONDS)));
        } catch (IOException e) {
            LOG.debug("{}: the UI doesn't list its executors", target, e);
            // The context lives, as it showed a moment ago; of executors nothing is known, which is nobody's failure.
            return ProbeResult.PASSED;
        }
        Observed seen = findings.observed;
        findings.observed = new Observed(
                seen.sparkVersion(),
                seen.ui(),
                seen.applicationId(),
                seen.poolBytes(),
                seen.cores(),
                Optional.of(executors));
        if (executors.registered() >= least) {
            findings.executorsMissingSince = OptionalLong.empty();
            findings.executorsSeen = true;
            return ProbeResult.PASSED;
        }
        if (findings.executorsSeen) {
            long now = System.nanoTime();
            long since = findings.executorsMissingSince.orElse(now);
            findings.executorsMissingSince = OptionalLong.of(since);
            if (now - since < EXECUTOR_PATIENCE.toNanos()) {
                return ProbeResult.PASSED;
            }
        }
        return ProbeResult.failed(
                Kind.NO_EXECUTORS,
                executors.registered() + " of at least " + least + " executors are registered (health.minExecutors), "
                        + executors.lost() + " were lost"
                        + (executors.lastLoss().isEmpty() ? "" : ", the last one: " + firstLine(executors.lastLoss())));
    }

    private static String firstLine(String text) {
        String line = text.strip().lines().findFirst().orElse("");
        return line.length() > 300 ? line.substring(0, 300) + "..." : line;
    }

    /** News is logged, sameness is not. */
    private void noteUiMissing(String why) {
        if (!findings.uiMissing.equals(why)) {
            if (!why.isEmpty() && !target.uiPorts().isEmpty()) {
                LOG.info("{}: proven without the UI, which leaves lines in the server's log: {}", target, why);
            }
            findings.uiMissing = why;
        }
    }

    /** One look at the places where the UI may be. */
    private final class UiSearch {
        private final Set<String> foreign = new LinkedHashSet<>();
        private final Set<String> unreadable = new LinkedHashSet<>();
        private final Set<String> refused = new LinkedHashSet<>();
        private final Set<String> silent = new LinkedHashSet<>();
        private boolean found;

        void run(Deadline deadline) throws InterruptedException {
            List<SparkUi> candidates = new ArrayList<>();
            SparkUi known = findings.ui;
            if (known != null) {
                candidates.add(known);
            }
            for (int port : target.uiPorts()) {
                SparkUi candidate = new SparkUi(target.uiHost(), port);
                if (known == null || !known.base().equals(candidate.base())) {
                    candidates.add(candidate);
                }
            }
            for (int i = 0; i < candidates.size() && !found; i++) {
                // A place that accepts and never answers must not use up the time of what is asked after it: the other
                // places, or the fixed session where the UI was silent the last time too.
                boolean last = i == candidates.size() - 1 && findings.silentUi == 0;
                look(candidates.get(i), last ? left(deadline) : left(deadline).dividedBy(2), deadline);
            }
        }

        private void look(SparkUi ui, Duration share, Deadline deadline) throws InterruptedException {
            try {
                List<Application> applications = ui.applications(share);
                if (applications.isEmpty()) {
                    unreadable.add(ui.base() + " shows no application");
                    return;
                }
                for (Application application : applications) {
                    if (isOurs(ui, application, deadline)) {
                        remember(ui, application, deadline);
                        found = true;
                        return;
                    }
                    foreign.add(ui.base() + " (" + application.name() + ", " + application.id() + ")");
                }
            } catch (ConnectException e) {
                refused.add(ui.base().toString());
            } catch (SocketTimeoutException e) {
                silent.add(ui.base().toString());
            } catch (IOException e) {
                unreadable.add(String.valueOf(e.getMessage()));
            }
        }

        private boolean isOurs(SparkUi ui, Application application, Deadline deadline)
                throws IOException, InterruptedException {
            if (findings.observed.applicationId().isPresent()) {
                // Proven once by the marker; an application id is never used twice.
                return findings.observed.applicationId().get().equals(application.id());
            }
            if (target.marker().isEmpty()) {
                // Nobody gave it one; its UI's port is its container's own, where no other Spark's UI can be.
                return true;
            }
            return ui.property(application.id(), MARKER_KEY, left(deadline)).equals(Optional.of(target.marker()));
        }

        private void remember(SparkUi ui, Application application, Deadline deadline) throws InterruptedException {
            findings.ui = ui;
            findings.sawSparkVersion(application.sparkVersion());
            Observed before = findings.observed;
            OptionalLong pool = before.poolBytes();
            OptionalInt cores = before.cores();
            if (pool.isEmpty()) {
                try {
                    Optional<Driver> driver = ui.driver(application.id(), left(deadline));
                    if (driver.isPresent()) {
                        pool = OptionalLong.of(driver.get().poolBytes());
                        cores = OptionalInt.of(driver.get().cores());
                    }
                } catch (IOException e) {
                    LOG.debug("{}: the UI doesn't list its driver yet; the next probe asks again", target, e);
                }
            }
            findings.observed = new Observed(
                    before.sparkVersion(),
                    Optional.of(ui.base()),
                    Optional.of(application.id()),
                    pool,
                    cores,
                    before.executors());
        }

        private Duration left(Deadline deadline) {
            return Duration.ofNanos(Math.max(0, deadline.timeRemaining(TimeUnit.NANOSECONDS)));
        }

        String foreignDetail() {
            return "no UI of this instance found: " + String.join(", ", foreign) + " belongs to another application"
                    + (refused.isEmpty() ? "" : ", nothing listens at " + String.join(", ", refused));
        }

        String missingDetail() {
            Set<String> all = new LinkedHashSet<>(unreadable);
            if (!refused.isEmpty()) {
                all.add("no UI listens at " + String.join(", ", refused));
            }
            if (!silent.isEmpty()) {
                all.add("no answer from " + String.join(", ", silent));
            }
            for (String each : foreign) {
                all.add(each + " belongs to another application");
            }
            return String.join("; ", all);
        }
    }
}
