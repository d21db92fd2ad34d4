package io.connectctl.manager.supervise;

import io.connectctl.compose.runtime.Endpoint;
import io.connectctl.compose.runtime.FirstQuery;
import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.runtime.RuntimeUnavailableException;
import io.connectctl.compose.runtime.Training;
import io.connectctl.health.Climb;
import io.connectctl.health.Ladder;
import io.connectctl.health.LadderFactory;
import io.connectctl.health.ProbeFailure;
import io.connectctl.health.ProbeTarget;
import io.connectctl.health.Rung;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.UUID;

/**
 * The first query of a server that is being recorded: climbs the ladder that servers are proven usable by, so that all that a
 * start and a first query need is in the archive.
 */
public final class TrainingQuery implements FirstQuery {
    private static final Duration QUERY = Duration.ofMinutes(1);

    private final LadderFactory ladders;
    private final Pause pause;
    private final Duration limit;

    /** Between one look and the next. */
    @FunctionalInterface
    public interface Pause {
        /** Waits a moment. */
        void rest() throws InterruptedException;
    }

    /** @param limit how long a server is given until its query ran */
    public TrainingQuery(LadderFactory ladders, Pause pause, Duration limit) {
        this.ladders = ladders;
        this.pause = pause;
        this.limit = limit;
    }

    /** @throws LaunchException {@code ARCHIVE_FAILED} if the server ended before, or took too long, with its last words */
    @Override
    public void run(Training server)
            throws LaunchException, RuntimeUnavailableException, IOException, InterruptedException {
        String last = "it never listened";
        long end = System.nanoTime() + limit.toNanos();
        while (server.running()) {
            if (System.nanoTime() > end) {
                throw new LaunchException(
                        "ARCHIVE_FAILED",
                        "the training server ran no query within " + limit.toMinutes() + " min (" + last + ")",
                        "try again when the machine has less to do",
                        false);
            }
            Endpoint endpoint = server.endpoint();
            if (endpoint.grpcPort().isPresent()) {
                try (Ladder ladder = ladders.open(target(server, endpoint))) {
                    Climb climb = ladder.climb(Rung.QUERY, QUERY);
                    if (climb.reached().atLeast(Rung.QUERY)) {
                        return;
                    }
                    last = climb.failure().map(ProbeFailure::detail).orElse(last);
                }
            }
            pause.rest();
        }
        throw new LaunchException(
                "ARCHIVE_FAILED", "the training server ended (" + last + "): " + server.lastWords(), "", false);
    }

    private static ProbeTarget target(Training server, Endpoint endpoint) {
        String marker = server.instance().marker();
        return new ProbeTarget(
                endpoint.host(),
                endpoint.grpcPort().getAsInt(),
                server.token(),
                endpoint.host(),
                endpoint.uiPorts(),
                marker,
                UUID.nameUUIDFromBytes(marker.getBytes(StandardCharsets.UTF_8)));
    }
}
