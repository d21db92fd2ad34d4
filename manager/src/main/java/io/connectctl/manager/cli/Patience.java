package io.connectctl.manager.cli;

import io.connectctl.compose.spec.Defaults;
import io.connectctl.manager.client.ApiClient;
import java.io.IOException;
import java.time.Duration;

/** How long is waited for a start, where nobody says. */
final class Patience {
    /** For a start on this machine, and for all else. */
    static final Duration STANDARD = Duration.ofMinutes(3);

    /** From the supervisor's own end of a start to what it found out of its reason, and told. */
    private static final Duration VERDICT = Duration.ofMinutes(2);

    private Patience() {}

    /** For a start on a cluster. Longer than the supervisor itself waits: whoever leaves before it hears of a timeout, and not of the full queue behind it. */
    static Duration onCluster(ApiClient client, String server) throws IOException {
        String declared =
                client.describe(server).declaration().at("/health/startTimeout").asText("");
        Duration start = declared.isEmpty() ? Duration.ZERO : Durations.parse("health.startTimeout", declared);
        return (start.compareTo(Defaults.CLUSTER_START_TIMEOUT) < 0 ? Defaults.CLUSTER_START_TIMEOUT : start)
                .plus(VERDICT);
    }
}
