package io.connectctl.manager.diagnose;

import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Hadoop asks the system who runs the JVM, and gives up where the numeric user has no name. */
final class UserNameless implements Rule {
    private static final Pattern NAMELESS =
            Pattern.compile("failure to login: \\S{1,200}LoginException: \\S{1,200}: invalid null input: name");

    @Override
    public Optional<Finding> look(Clues clues) {
        boolean container = clues.spec().runtime().equals("docker");
        return clues.startup(NAMELESS)
                .flatMap(hit -> hit.config(
                        "USER_NAMELESS",
                        container
                                ? "uid 185, as which the container runs, has no name in its image, and Hadoop refuses such a user"
                                : "the user that runs the server has no name (no line in /etc/passwd), and Hadoop refuses such a user",
                        container
                                ? "add a user to the image (`useradd --uid 185 spark`), build one that has it (`connectctl image build`),"
                                        + " or run as the image's own user: " + clues.again("--loosen user")
                                : "give the user a name in /etc/passwd, then " + clues.again("")));
    }

    @Override
    public Set<String> codes() {
        return Set.of("USER_NAMELESS");
    }
}
