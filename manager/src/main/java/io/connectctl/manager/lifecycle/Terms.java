package io.connectctl.manager.lifecycle;

import io.connectctl.compose.spec.HealthSpec;
import io.connectctl.compose.spec.MasterUrl;
import io.connectctl.compose.spec.PortChoice;
import io.connectctl.compose.spec.RestartSpec;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.compose.spec.StopSpec;
import io.connectctl.health.Rung;

/**
 * What of a declaration the lifecycle decides by.
 *
 * @param health thresholds and times of probing
 * @param restart what a fault costs
 * @param stop how long an end may take
 * @param cluster whether executors on a cluster do the work, so that a start isn't done before they did some
 * @param anyPort whether the gRPC port is chosen at the launch, so that a taken one can be left for another
 */
public record Terms(HealthSpec health, RestartSpec restart, StopSpec stop, boolean cluster, boolean anyPort) {
    /** With a local master. */
    public Terms(HealthSpec health, RestartSpec restart, StopSpec stop, boolean anyPort) {
        this(health, restart, stop, false, anyPort);
    }

    /** The terms of one declaration. */
    public static Terms of(ServerSpec spec) {
        return new Terms(
                spec.health(),
                spec.restart(),
                spec.stop(),
                MasterUrl.isCluster(spec.master()),
                spec.port() instanceof PortChoice.Auto);
    }

    /**
     * The rung that a start must prove. A SparkContext on a cluster lives without a single executor, so there {@code session} asks for
     * one query, once: asked for periodically, it would keep executors from being given back.
     */
    public Rung first() {
        return cluster && until() == Rung.SESSION ? Rung.QUERY : until();
    }

    /** The rung that a periodic probe must prove. */
    public Rung until() {
        return switch (health.until()) {
            case PORT -> Rung.PORT;
            case RPC -> Rung.RPC;
            case SESSION -> Rung.SESSION;
            case QUERY -> Rung.QUERY;
        };
    }
}
