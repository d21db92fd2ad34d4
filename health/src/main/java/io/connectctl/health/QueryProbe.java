package io.connectctl.health;

import io.connectctl.health.ProbeFailure.Kind;
import io.grpc.Deadline;
import io.grpc.StatusRuntimeException;

/**
 * {@link Rung#QUERY}: a job ran and its rows came back: of one task with a local master; with a cluster one with a shuffle, so that
 * executors fetch from each other, and the driver and they reach one another in both directions. It uses the instance's one fixed
 * session and gives it back where Spark knows how (4.0+).
 */
final class QueryProbe implements Probe {
    private final ProbeTarget target;
    private final SparkConnectClient client;
    private final FixedSession session;

    QueryProbe(ProbeTarget target, SparkConnectClient client, Findings findings) {
        this.target = target;
        this.client = client;
        this.session = new FixedSession(target, client, findings);
    }

    @Override
    public ProbeResult probe(Deadline deadline) throws InterruptedException {
        try {
            long rows = client.runTinyQuery(target.minExecutors().isPresent(), deadline);
            session.release(deadline);
            if (rows != SparkConnectClient.QUERY_ROWS) {
                return ProbeResult.failed(
                        Kind.QUERY_FAILED,
                        "a query at " + target.host() + ":" + target.port() + " came back with " + rows
                                + " rows instead of " + SparkConnectClient.QUERY_ROWS);
            }
            return ProbeResult.PASSED;
        } catch (StatusRuntimeException e) {
            return RpcFailures.failed(
                    target.minExecutors().isPresent()
                            ? "ExecutePlan (range of 2, shuffled)"
                            : "ExecutePlan (range of 2)",
                    target,
                    e,
                    Kind.QUERY_FAILED);
        }
    }
}
