package io.connectctl.health;

import io.connectctl.health.ui.SparkUi;
import java.util.EnumSet;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the probes of one ladder learnt of their instance, so that later climbs are cheap and leave no trace. An instance
 * is one run of a server, so nothing here can become outdated but by another program taking the port; the probes notice
 * that and ask anew.
 */
final class Findings {
    /** The call that this Spark version answers without leaving a session behind; null until one was answered. */
    @Nullable
    TracelessCall tracelessCall;

    /** True once the server answered grpc.health.v1 with UNIMPLEMENTED, as every Spark up to 4.2 does. */
    boolean healthServiceAbsent;

    /** The UI whose configuration holds this instance's marker; null until it was found. */
    @Nullable
    SparkUi ui;

    /** What the server told so far. */
    Observed observed = Observed.NOTHING;

    /** Why the last session rung was proven without the UI; empty if the UI proved it. Kept to log the change only. */
    String uiMissing = "";

    /** Climbs in a row in which the UI, or what is in its place, accepted and didn't answer. */
    int silentUi;

    /** True once a cluster had given it as many executors as it must have. */
    boolean executorsSeen;

    /** By System.nanoTime, since when some of them are missing. */
    OptionalLong executorsMissingSince = OptionalLong.empty();

    /** Rungs proven at least once: their calls are warm, and get no first-call allowance any more. */
    final Set<Rung> proven = EnumSet.noneOf(Rung.class);

    /** Remembers Spark's version where it wasn't known. */
    void sawSparkVersion(String version) {
        if (observed.sparkVersion().isEmpty() && !version.isEmpty()) {
            observed = new Observed(
                    Optional.of(version),
                    observed.ui(),
                    observed.applicationId(),
                    observed.poolBytes(),
                    observed.cores(),
                    observed.executors());
        }
    }
}
