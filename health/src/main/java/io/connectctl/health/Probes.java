package io.connectctl.health;

import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * The probes of each rung, in the order in which they are asked, and the way to a {@link Ladder} made of them. This is
 * the {@link LadderFactory} of a real daemon: {@code Probes::ladder}.
 */
public final class Probes {
    /** Makes a probe for one ladder, whose probes share their connection and what they learnt. */
    @FunctionalInterface
    interface Maker {
        Probe make(ProbeTarget target, SparkConnectClient client, Findings findings);
    }

    /** The registry: a new probe is a line here. Within a rung the first probe that can tell decides. */
    static final Map<Rung, List<Maker>> BY_RUNG = Map.of(
            Rung.PORT, List.of((target, client, findings) -> new TcpProbe(target)),
            Rung.RPC, List.of(GrpcHealthProbe::new, SparkConnectProbe::new),
            Rung.SESSION, List.of(ContextProbe::new),
            Rung.QUERY, List.of(QueryProbe::new));

    /** The least time for a rung that was never proven. */
    static final Map<Rung, Duration> FIRST_CALL = LongestClimb.FIRST_CALL;

    private Probes() {}

    /** The ladder of one instance. */
    public static Ladder ladder(ProbeTarget target) {
        return new ProbeLadder(target, BY_RUNG, FIRST_CALL);
    }

    /** What clients do on real servers. */
    public static Workload workload() {
        return new SparkWorkload();
    }
}
