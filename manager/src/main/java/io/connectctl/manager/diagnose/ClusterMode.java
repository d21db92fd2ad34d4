package io.connectctl.manager.diagnose;

import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** A deploy mode that a Spark Connect server can't run in. */
final class ClusterMode implements Rule {
    private static final Pattern REFUSED = Pattern.compile("[Cc]luster deploy mode is (?:not|supported only)");

    @Override
    public Optional<Finding> look(Clues clues) {
        return clues.startup(REFUSED)
                .flatMap(hit -> hit.config(
                        "BAD_CONF_VALUE",
                        "spark.submit.deployMode=cluster: a server that connectctl manages runs where connectctl runs",
                        "take the deploy mode out: " + clues.again("--conf spark.submit.deployMode=client")));
    }

    @Override
    public Set<String> codes() {
        return Set.of("BAD_CONF_VALUE");
    }
}
