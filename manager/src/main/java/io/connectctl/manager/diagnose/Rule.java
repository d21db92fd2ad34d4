package io.connectctl.manager.diagnose;

import java.util.Optional;
import java.util.Set;

/**
 * Recognizes one cause. To add one: a class, a line in {@link Rules}, its real log as a fixture, its row in docs/runbook.md.
 */
interface Rule {
    /** The codes this rule can answer with. */
    Set<String> codes();

    /** The cause, if the clues prove it. A rule that isn't sure says nothing. */
    Optional<Finding> look(Clues clues);
}
