package io.connectctl.health;

import io.connectctl.health.testing.FakeSparkConnect;
import io.connectctl.health.testing.FakeSparkConnect.Dialect;

class ContextProbeTest extends ProbeContract {
    @Override
    Probe probe(ProbeTarget target) {
        return new ContextProbe(target, new SparkConnectClient(target), new Findings());
    }

    @Override
    Healthy healthy() {
        FakeSparkConnect server = FakeSparkConnect.start(Dialect.SPARK_4);
        return new Healthy(Targets.of(server.port()), server);
    }
}
