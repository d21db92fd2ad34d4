package io.connectctl.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.connectctl.health.ProbeFailure.Kind;
import io.connectctl.health.testing.RawServer;
import io.grpc.Deadline;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What every probe owes: it passes, it fails, it keeps its deadline, it can be interrupted. */
@Timeout(30)
abstract class ProbeContract {
    /** The probe under test against {@code target}. */
    abstract Probe probe(ProbeTarget target);

    /** A server that the probe must accept, and the target it is at; closed by the caller. */
    abstract Healthy healthy();

    /** True if the probe is content with a port that accepts. */
    boolean contentWithAPort() {
        return false;
    }

    record Healthy(ProbeTarget target, AutoCloseable server) {}

    @Test
    void passesAgainstAHealthyServer() throws Exception {
        Healthy healthy = healthy();
        try (AutoCloseable server = healthy.server()) {
            assertThat(server).isNotNull();
            assertThat(probe(healthy.target()).probe(seconds(10))).isEqualTo(ProbeResult.PASSED);
        }
    }

    @Test
    void failsWhereNothingListensAndSaysWhere() throws Exception {
        int port = RawServer.deadPort();

        ProbeResult result = probe(Targets.of(port)).probe(seconds(10));

        assertThat(result).isInstanceOfSatisfying(ProbeResult.Failed.class, failed -> {
            assertThat(failed.kind()).isEqualTo(Kind.REFUSED);
            assertThat(failed.detail()).contains("127.0.0.1:" + port);
        });
    }

    @Test
    void keepsItsDeadlineWhereNobodyAnswers() throws Exception {
        try (RawServer server = RawServer.mute()) {
            long start = System.nanoTime();

            ProbeResult result =
                    probe(Targets.of(server.port(), server.port())).probe(Deadline.after(400, TimeUnit.MILLISECONDS));

            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
            if (contentWithAPort()) {
                assertThat(result).isEqualTo(ProbeResult.PASSED);
            } else {
                assertThat(result).isInstanceOfSatisfying(ProbeResult.Failed.class, failed -> assertThat(failed.kind())
                        .isEqualTo(Kind.TIMED_OUT));
            }
        }
    }

    @Test
    void endsAtOnceWhenInterrupted() throws IOException, InterruptedException {
        if (contentWithAPort()) {
            return;
        }
        try (RawServer server = RawServer.mute()) {
            Probe probe = probe(Targets.of(server.port(), server.port()));
            CompletableFuture<ProbeResult> result = new CompletableFuture<>();
            Thread caller = new Thread(() -> {
                try {
                    result.complete(probe.probe(seconds(25)));
                } catch (InterruptedException e) {
                    result.completeExceptionally(e);
                }
            });
            caller.start();
            server.connected.await();

            caller.interrupt();

            assertThatThrownBy(() -> result.get(5, TimeUnit.SECONDS))
                    .isInstanceOf(ExecutionException.class)
                    .hasCauseInstanceOf(InterruptedException.class);
            caller.join();
        }
    }

    static Deadline seconds(long seconds) {
        return Deadline.after(seconds, TimeUnit.SECONDS);
    }
}
