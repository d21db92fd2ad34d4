package io.connectctl.health;

import io.connectctl.health.ProbeFailure.Kind;
import io.grpc.Deadline;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;

/**
 * {@link Rung#RPC} by the standard health service, where the server has one. No Spark up to 4.2 does (SPARK-57584 adds
 * it): its UNIMPLEMENTED is remembered for the instance, and the call never made again.
 *
 * <p>SERVING alone doesn't say that the server is Spark Connect: until {@link SparkConnectProbe} has proven that once,
 * this probe leaves the decision to it.
 */
final class GrpcHealthProbe implements Probe {
    private final ProbeTarget target;
    private final SparkConnectClient client;
    private final Findings findings;

    GrpcHealthProbe(ProbeTarget target, SparkConnectClient client, Findings findings) {
        this.target = target;
        this.client = client;
        this.findings = findings;
    }

    @Override
    public ProbeResult probe(Deadline deadline) throws InterruptedException {
        if (findings.healthServiceAbsent) {
            return new ProbeResult.Undecided("no grpc.health.v1");
        }
        try {
            ServingStatus status = client.checkHealth(deadline);
            if (status != ServingStatus.SERVING) {
                return ProbeResult.failed(
                        Kind.OTHER, "grpc.health.v1 at " + target.host() + ":" + target.port() + " says " + status);
            }
            return findings.tracelessCall != null
                    ? ProbeResult.PASSED
                    : new ProbeResult.Undecided("serving, but not yet known to be Spark Connect");
        } catch (StatusRuntimeException e) {
            // Also where something before the server answers 404 for it: the next probe tells what is there.
            if (e.getStatus().getCode() == Status.Code.UNIMPLEMENTED) {
                findings.healthServiceAbsent = true;
                return new ProbeResult.Undecided("no grpc.health.v1");
            }
            return RpcFailures.failed("grpc.health.v1.Health/Check", target, e, Kind.OTHER);
        }
    }
}
