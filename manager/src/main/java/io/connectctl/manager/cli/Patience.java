package io.connectctl.manager.cli;

import io.connectctl.manager.client.ApiClient;
import java.io.IOException;
import java.time.Duration;

/** How long is waited, where nobody says. */
final class Patience {
    /** For all but a start; for a start until its server's own is known. */
    static final Duration STANDARD = Duration.ofMinutes(3);

    /** From the supervisor's own end of a start to what it found out of its reason, and told. */
    static final Duration VERDICT = Duration.ofMinutes(2);

    private Patience() {}

    /**
     * In how much time after its launch the supervisor wants a server usable, {@code health.startTimeout}. Whoever waits for a start waits
     * for longer: who leaves before it hears of a timeout, and not of the full queue behind it.
     */
    static Duration startTimeout(ApiClient client, String server) throws IOException {
        return Durations.parse(
                "health.startTimeout",
                client.describe(server).declaration().at("/health/startTimeout").asText());
    }
}
