package io.connectctl.manager.diagnose;

import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** There is no JVM where one is looked for. */
final class JavaNotFound implements Rule {
    private static final Pattern NO_JAVA = Pattern.compile(
            "(?:exec: |: )(?:\\d+: )?(?:exec: )?(\\S{0,300}\\bjava): (?:not found|No such file or directory|Permission denied|cannot execute)|^JAVA_HOME is not set");

    @Override
    public Optional<Finding> look(Clues clues) {
        return clues.startup(NO_JAVA)
                .flatMap(hit -> hit.config(
                        "JAVA_NOT_FOUND",
                        hit.group(1).isEmpty() ? "no Java was found" : "no Java at " + hit.group(1),
                        "name a JDK 17: " + clues.again("--java-home /path/to/jdk17")));
    }

    @Override
    public Set<String> codes() {
        return Set.of("JAVA_NOT_FOUND");
    }
}
