package io.connectctl.manager.diagnose;

import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** The JVM can't read classes this new. */
final class JavaTooOld implements Rule {
    private static final Pattern VERSIONS =
            Pattern.compile("class file version (\\d{2,3})\\.\\d+\\).{0,200}?up to (\\d{2,3})\\.");
    private static final Pattern UNSUPPORTED = Pattern.compile("UnsupportedClassVersionError");
    /** Class file version 52 is Java 8, and so on. */
    private static final int BEFORE_JAVA_1 = 44;

    @Override
    public Optional<Finding> look(Clues clues) {
        return clues.startup(VERSIONS)
                .flatMap(hit -> {
                    int needed = Integer.parseInt(hit.group(1)) - BEFORE_JAVA_1;
                    int present = Integer.parseInt(hit.group(2)) - BEFORE_JAVA_1;
                    return hit.config(
                            "JAVA_TOO_OLD",
                            "the server runs on Java " + present + " and needs Java " + needed,
                            "use a newer JDK: " + clues.again("--java-home /path/to/jdk" + needed));
                })
                .or(() -> clues.startup(UNSUPPORTED)
                        .flatMap(hit -> hit.config(
                                "JAVA_TOO_OLD",
                                "the JVM is too old for Spark " + clues.spec().spark() + " or one of its packages",
                                "use JDK 17: " + clues.again("--java-home /path/to/jdk17"))));
    }

    @Override
    public Set<String> codes() {
        return Set.of("JAVA_TOO_OLD");
    }
}
