package io.connectctl.health;

import io.connectctl.health.ui.Executors;
import java.net.URI;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * What a server told of itself while it was probed; each item is empty until it was seen.
 *
 * @param sparkVersion Spark's own version string
 * @param ui base address of this instance's UI, its identity checked
 * @param applicationId Spark's application id
 * @param poolBytes the driver's unified memory pool as the UI reports it ({@code maxMemory}), bytes
 * @param cores the driver's cores as the UI reports them
 * @param executors the executors on a cluster; empty with a local master, which has none
 */
public record Observed(
        Optional<String> sparkVersion,
        Optional<URI> ui,
        Optional<String> applicationId,
        OptionalLong poolBytes,
        OptionalInt cores,
        Optional<Executors> executors) {
    /** Of a server without a cluster. */
    public Observed(
            Optional<String> sparkVersion,
            Optional<URI> ui,
            Optional<String> applicationId,
            OptionalLong poolBytes,
            OptionalInt cores) {
        this(sparkVersion, ui, applicationId, poolBytes, cores, Optional.empty());
    }

    /** Nothing seen yet. */
    public static final Observed NOTHING = new Observed(
            Optional.empty(), Optional.empty(), Optional.empty(), OptionalLong.empty(), OptionalInt.empty());
}
