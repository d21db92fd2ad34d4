package io.connectctl.health;

import io.connectctl.health.ProbeFailure.Kind;
import io.grpc.Deadline;
import io.grpc.StatusRuntimeException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one session that probes of an instance use where they can't do without: always the same id, so that a server never
 * holds more than one for us (3.x keeps 100 sessions and then evicts those of its users), and given back where Spark
 * knows how.
 */
final class FixedSession {
    private static final Logger LOG = LoggerFactory.getLogger(FixedSession.class);

    private final ProbeTarget target;
    private final SparkConnectClient client;
    private final Findings findings;

    FixedSession(ProbeTarget target, SparkConnectClient client, Findings findings) {
        this.target = target;
        this.client = client;
        this.findings = findings;
    }

    /**
     * Proves the SparkContext by a call in the session.
     *
     * @param withoutUi why the UI couldn't prove it, for the failure's detail
     */
    ProbeResult probe(String withoutUi, Deadline deadline) throws InterruptedException {
        try {
            findings.sawSparkVersion(client.sparkVersion(deadline));
            release(deadline);
            return ProbeResult.PASSED;
        } catch (StatusRuntimeException e) {
            ProbeResult.Failed failed = RpcFailures.failed("AnalyzePlan", target, e, Kind.CONTEXT_GONE);
            return ProbeResult.failed(failed.kind(), failed.detail() + "; " + withoutUi);
        }
    }

    /**
     * Gives the session back on Spark 4.0 and later, after a call in it that succeeded. Failing to is no verdict on the
     * server: the next climb uses the same session and tries again.
     */
    void release(Deadline deadline) throws InterruptedException {
        if (findings.tracelessCall != TracelessCall.RELEASE_SESSION) {
            return;
        }
        try {
            client.releaseFixedSession(deadline);
        } catch (StatusRuntimeException e) {
            // Known: a Spark without its mllib jar fails here (NoClassDefFoundError: ConnectHelper), always.
            LOG.debug("{}: the probes' session was not given back", target, e);
        }
    }
}
