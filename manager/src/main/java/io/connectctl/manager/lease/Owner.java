package io.connectctl.manager.lease;

import java.util.Optional;

/**
 * Whose a lease is.
 *
 * @param text as people read it: {@code pid 4711}, or a CI job's id
 * @param process with whose end the lease ends; empty where the owner is a name only
 */
public record Owner(String text, Optional<OwnerProcess> process) {
    public Owner {
        if (text.isBlank() || text.length() > 200) {
            throw new IllegalArgumentException("an owner is named in 1 to 200 characters, not '" + text + "'");
        }
        // It is shown on terminals, and is one line of the daemon's log.
        if (text.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException("an owner's name has no line breaks and no control characters");
        }
    }
}
