package io.connectctl.manager.diagnose;

import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Master, workers and driver of a standalone cluster speak Java serialization: they must be of one Spark version. */
final class OtherSparkVersion implements Rule {
    private static final Pattern INCOMPATIBLE = Pattern.compile(
            "InvalidClassException: (org\\.apache\\.spark\\.\\S{1,120}|scala\\.\\S{1,120});? local class incompatible");

    @Override
    public Optional<Finding> look(Clues clues) {
        return clues.anyLine(INCOMPATIBLE)
                .flatMap(hit -> hit.config(
                        "SPARK_VERSION_DIFFERS",
                        "the cluster at " + clues.spec().master() + " runs another Spark version than this server, "
                                + clues.spec().spark() + ": they don't understand each other's " + hit.group(1),
                        "declare the cluster's version, which its master's page names: "
                                + clues.again("--spark VERSION")));
    }

    @Override
    public Set<String> codes() {
        return Set.of("SPARK_VERSION_DIFFERS");
    }
}
