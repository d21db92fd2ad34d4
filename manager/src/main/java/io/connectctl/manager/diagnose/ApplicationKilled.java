package io.connectctl.manager.diagnose;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** YARN ended the application while the driver ran, so that nothing does its work any more. */
final class ApplicationKilled implements Rule {
    private static final Pattern ENDED = Pattern.compile(
            "YARN application has exited unexpectedly with state (KILLED|FAILED|FINISHED)|The YARN application has already ended");
    private static final Pattern WHO = Pattern.compile(
            "Diagnostics message: (.{1,300})" + "|(Application application_\\S{1,60} was killed by user .{1,160})");

    /** What YARN says of the end comes after the line that tells of it: whoever understands it knows better. */
    private static final List<Rule> KNOW_BETTER = List.of(new YarnRefused(), new DriverUnreachable());

    @Override
    public Optional<Finding> look(Clues clues) {
        if (KNOW_BETTER.stream().anyMatch(rule -> rule.look(clues).isPresent())) {
            return Optional.empty();
        }
        return clues.anywhere(ENDED).flatMap(hit -> {
            String said = clues.anyLine(WHO)
                    .map(who -> ": " + who.group(1) + who.group(2))
                    .orElse("");
            return hit.fault(
                    "APPLICATION_KILLED",
                    "YARN ended its application" + (hit.group(1).isEmpty() ? "" : " (" + hit.group(1) + ")") + said,
                    "who killed it, or why its master failed, is in YARN: yarn logs -applicationId, or the page that `connectctl"
                            + " describe " + clues.spec().name() + "` names; " + clues.again(""));
        });
    }

    @Override
    public Set<String> codes() {
        return Set.of("APPLICATION_KILLED");
    }
}
