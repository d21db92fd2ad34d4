package io.connectctl.manager.diagnose;

import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** The JVM has lost what this Spark uses. */
final class JavaTooNew implements Rule {
    private static final Pattern NO_SUBJECT = Pattern.compile("getSubject is not supported");

    @Override
    public Optional<Finding> look(Clues clues) {
        return clues.startup(NO_SUBJECT)
                .flatMap(hit -> hit.config(
                        "JAVA_TOO_NEW",
                        "Spark " + clues.spec().spark() + " doesn't run on a JVM this new"
                                + clues.spec()
                                        .javaHome()
                                        .map(home -> " (" + home + ")")
                                        .orElse(" (getSubject ended with Java 24)"),
                        "use JDK 17: " + clues.again("--java-home /path/to/jdk17")));
    }

    @Override
    public Set<String> codes() {
        return Set.of("JAVA_TOO_NEW");
    }
}
