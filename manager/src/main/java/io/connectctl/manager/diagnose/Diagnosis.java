package io.connectctl.manager.diagnose;

import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.manager.lifecycle.Cause;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * From the evidence of a failed instance to its cause and remedy.
 *
 * <p>A failing Spark logs one cause and many consequences, so the earliest finding wins; of two in the same log entry, the
 * one whose rule stands first in {@link Rules}. Where the log proves nothing, the exit status speaks, then the last
 * probe. Where nothing does, the answer is {@code UNKNOWN}: this class never guesses.
 */
public final class Diagnosis {
    /** So many lines from the end of a log are read: far more than a start writes. */
    public static final int MOST_LINES = 5_000;

    private static final int MOST_EVIDENCE = 3;
    private static final int LONGEST_EVIDENCE = 300;
    private static final int LONGEST_SENTENCE = 1_000;

    private Diagnosis() {}

    /** The cause; a pure function. Its texts hold no secret of the evidence, and its time is bounded. */
    public static Cause diagnose(Evidence evidence) {
        Scrubber scrubber = new Scrubber(evidence.spec(), evidence.secrets());
        Clues clues = new Clues(evidence, scrubber);
        Finding finding = earliest(Rules.PROVEN_BY_SYSTEM, clues)
                .or(() -> earliest(Rules.PROVEN_BY_LOG, clues))
                .or(() -> earliest(Rules.PROVEN_BY_END, clues))
                .orElseGet(() -> Unknown.of(clues));
        return presentable(finding.cause(), scrubber);
    }

    /** A cause that somebody else found, without a secret of the server and no longer than people read. */
    public static Cause scrubbed(Cause cause, ServerSpec spec, List<String> secrets) {
        return presentable(cause, new Scrubber(spec, secrets));
    }

    /** Takes the secrets of a server, and what looks like a secret, out of any text. */
    public static UnaryOperator<String> scrubber(ServerSpec spec, Collection<String> secrets) {
        return new Scrubber(spec, secrets)::scrub;
    }

    private static Optional<Finding> earliest(List<Rule> rules, Clues clues) {
        return rules.stream()
                .flatMap(rule -> rule.look(clues).stream())
                // A stable minimum: of equals the first, so the order of the registry decides.
                .min(Comparator.comparingInt(Finding::at));
    }

    private static Cause presentable(Cause cause, Scrubber scrubber) {
        return new Cause(
                cause.code(),
                Scrubber.cut(scrubber.scrub(cause.summary()), LONGEST_SENTENCE),
                Scrubber.cut(scrubber.scrub(cause.remedy()), LONGEST_SENTENCE),
                cause.evidence().stream()
                        .limit(MOST_EVIDENCE)
                        .map(line -> Scrubber.cut(scrubber.scrub(line).strip(), LONGEST_EVIDENCE))
                        .toList(),
                cause.retryable(),
                cause.log());
    }
}
