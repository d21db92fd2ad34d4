package io.connectctl.health;

import io.connectctl.health.ProbeFailure.Kind;
import io.grpc.Deadline;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Climbs rung by rung with the probes it was given. */
final class ProbeLadder implements Ladder {
    private final SparkConnectClient client;
    private final Findings findings = new Findings();
    private final Map<Rung, List<Probe>> probes = new EnumMap<>(Rung.class);
    private final Map<Rung, Duration> firstCall;

    ProbeLadder(ProbeTarget target, Map<Rung, List<Probes.Maker>> makers, Map<Rung, Duration> firstCall) {
        this.client = new SparkConnectClient(target);
        this.firstCall = firstCall;
        findings.executorsSeen = target.provenBefore();
        makers.forEach((rung, each) -> {
            List<Probe> made = new ArrayList<>();
            for (Probes.Maker maker : each) {
                made.add(maker.make(target, client, findings));
            }
            probes.put(rung, made);
        });
    }

    @Override
    public Climb climb(Rung until, Duration timeout) throws InterruptedException {
        if (!until.atLeast(Rung.PORT)) {
            throw new IllegalArgumentException("a climb proves at least PORT, not " + until);
        }
        if (timeout.isZero() || timeout.isNegative()) {
            throw new IllegalArgumentException("the timeout of a climb must be positive, not " + timeout);
        }
        Map<Rung, Duration> timings = new EnumMap<>(Rung.class);
        Rung reached = Rung.CONTAINER;
        try {
            for (Map.Entry<Rung, List<Probe>> each : probes.entrySet()) {
                Rung rung = each.getKey();
                if (!until.atLeast(rung)) {
                    break;
                }
                long start = System.nanoTime();
                Duration bound = deadlineOf(rung, timeout);
                ProbeResult result = prove(each.getValue(), Deadline.after(bound.toNanos(), TimeUnit.NANOSECONDS));
                timings.put(rung, Duration.ofNanos(System.nanoTime() - start));
                if (result instanceof ProbeResult.Failed failed) {
                    // The next climb must not wait for the back-off of a connection that failed now.
                    client.disconnect();
                    String detail = failed.kind() == Kind.TIMED_OUT
                            ? failed.detail() + " (waited " + bound.toMillis() + " ms)"
                            : failed.detail();
                    return new Climb(
                            reached,
                            Optional.of(new ProbeFailure(rung, failed.kind(), detail)),
                            timings,
                            findings.observed);
                }
                findings.proven.add(rung);
                reached = rung;
            }
        } catch (InterruptedException e) {
            client.disconnect();
            throw e;
        }
        return new Climb(reached, Optional.empty(), timings, findings.observed);
    }

    @Override
    public void close() {
        client.close();
    }

    private Duration deadlineOf(Rung rung, Duration timeout) {
        Duration first = firstCall.get(rung);
        return first == null || findings.proven.contains(rung) || first.compareTo(timeout) < 0 ? timeout : first;
    }

    private static ProbeResult prove(List<Probe> probes, Deadline deadline) throws InterruptedException {
        String undecided = "no probe for this rung";
        for (Probe probe : probes) {
            ProbeResult result = probe.probe(deadline);
            if (result instanceof ProbeResult.Undecided open) {
                undecided = open.reason();
            } else {
                return result;
            }
        }
        return ProbeResult.failed(Kind.OTHER, undecided);
    }
}
