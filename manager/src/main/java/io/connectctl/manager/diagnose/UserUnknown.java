package io.connectctl.manager.diagnose;

import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** The user that the server runs as has no name, which Hadoop's login can't do without. */
final class UserUnknown implements Rule {
    private static final Pattern NAMELESS =
            Pattern.compile("LoginException: java\\.lang\\.NullPointerException: invalid null input: name");

    @Override
    public Optional<Finding> look(Clues clues) {
        return clues.startup(NAMELESS)
                .flatMap(hit -> hit.config(
                        "USER_UNKNOWN",
                        clues.contained()
                                ? "the image has no name for the user that the server runs as (uid 185), which Hadoop needs"
                                : "this user has no name in /etc/passwd, which Hadoop needs",
                        clues.contained()
                                ? "add a user 185 to the image (`useradd --uid 185 spark`), build one that has it (`connectctl image build`), or run as the image's own user: "
                                        + clues.again("--loosen user")
                                : "add the user to /etc/passwd, or run connectctl as one that is there"));
    }

    @Override
    public Set<String> codes() {
        return Set.of("USER_UNKNOWN");
    }
}
