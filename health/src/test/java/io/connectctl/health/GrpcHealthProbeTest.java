package io.connectctl.health;

import io.connectctl.health.testing.FakeSparkConnect;
import io.connectctl.health.testing.FakeSparkConnect.Dialect;
import io.grpc.health.v1.HealthCheckResponse;

class GrpcHealthProbeTest extends ProbeContract {
    @Override
    Probe probe(ProbeTarget target) {
        Findings findings = new Findings();
        // Known to be Spark Connect: only then is SERVING enough.
        findings.tracelessCall = TracelessCall.RELEASE_SESSION;
        return new GrpcHealthProbe(target, new SparkConnectClient(target), findings);
    }

    @Override
    Healthy healthy() {
        FakeSparkConnect server =
                FakeSparkConnect.withHealth(Dialect.SPARK_4, HealthCheckResponse.ServingStatus.SERVING);
        return new Healthy(Targets.of(server.port()), server);
    }
}
