package io.connectctl.health;

import io.connectctl.health.ProbeFailure.Kind;
import io.grpc.Deadline;
import io.grpc.StatusRuntimeException;

/**
 * {@link Rung#RPC} by Spark Connect's own calls, of which it makes the one that leaves nothing behind on the server's
 * version (see {@link TracelessCall}); which one that is, it finds out once for an instance.
 */
final class SparkConnectProbe implements Probe {
    private final ProbeTarget target;
    private final SparkConnectClient client;
    private final Findings findings;

    SparkConnectProbe(ProbeTarget target, SparkConnectClient client, Findings findings) {
        this.target = target;
        this.client = client;
        this.findings = findings;
    }

    @Override
    public ProbeResult probe(Deadline deadline) throws InterruptedException {
        TracelessCall known = findings.tracelessCall;
        if (known != null) {
            ProbeResult result = ask(known, deadline);
            if (!(result instanceof ProbeResult.Undecided)) {
                return result;
            }
            // Another program answers on this port now.
            findings.tracelessCall = null;
        }
        for (TracelessCall call : TracelessCall.values()) {
            ProbeResult result = ask(call, deadline);
            if (!(result instanceof ProbeResult.Undecided)) {
                return result;
            }
        }
        return ProbeResult.failed(
                Kind.NOT_SPARK_CONNECT,
                "a gRPC server answers at " + target.host() + ":" + target.port()
                        + ", but it has no spark.connect.SparkConnectService: another program holds the port");
    }

    private ProbeResult ask(TracelessCall call, Deadline deadline) throws InterruptedException {
        try {
            client.call(call, deadline);
            findings.tracelessCall = call;
            return ProbeResult.PASSED;
        } catch (StatusRuntimeException e) {
            if (RpcFailures.lacksMethod(e)) {
                return new ProbeResult.Undecided("no " + call.method());
            }
            if (RpcFailures.answeredByMethod(e)) {
                // A server whose SparkContext is gone answers its first ReleaseSession with UNKNOWN and later ones with
                // OK: the call arrived at Spark Connect, and the next rung tells whether there is a context.
                return ProbeResult.PASSED;
            }
            return RpcFailures.failed(call.method(), target, e, Kind.OTHER);
        }
    }
}
