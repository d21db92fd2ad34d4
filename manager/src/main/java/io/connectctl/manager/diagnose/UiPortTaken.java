package io.connectctl.manager.diagnose;

import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** The UI's port is held and Spark was told not to look for another. */
final class UiPortTaken implements Rule {
    private static final Pattern BIND =
            Pattern.compile("Failed to bind to \\S{0,200}?:(\\d{1,5}): Service 'SparkUI' failed after (\\d+) retries");

    @Override
    public Optional<Finding> look(Clues clues) {
        return clues.startup(BIND)
                .flatMap(hit -> hit.config(
                        "UI_PORT_TAKEN",
                        "UI port " + hit.group(1) + " is taken and Spark gave up after " + hit.group(2)
                                + " retries (spark.port.maxRetries)",
                        "use any free port for the UI: " + clues.again("--ui-port auto") + ", or none: "
                                + clues.again("--ui-port off")));
    }

    @Override
    public Set<String> codes() {
        return Set.of("UI_PORT_TAKEN");
    }
}
