package io.connectctl.manager.diagnose;

import io.connectctl.health.ProbeFailure;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Executors start and can't open a connection back to the driver: the classic failure of a driver behind a wrong address. */
final class DriverUnreachable implements Rule {
    /** What YARN's application master says of it, which ends in the driver's log as the application's diagnostics. */
    private static final Pattern MASTER_FAILED = Pattern.compile("Failed to connect to driver(?: at (\\S{1,200}))?"
            + "|Exception while connecting to driver|ExecutorLauncher.{0,200}(?:timed out|No route to host)");

    /** The same where the connection is refused; later on, blocks that can't be fetched are told of in these words, too. */
    private static final Pattern MASTER_REFUSED = Pattern.compile("Failed to connect to \\S{1,200}:\\d+");

    /** What a standalone master says of executors that end at once, again and again. */
    private static final Pattern EXITED =
            Pattern.compile("Executor updated: (app-\\S{1,60}) is now EXITED \\(Command exited with code 1\\)");

    /** A worker runs it, by its master. */
    private static final Pattern LAUNCHED = Pattern.compile("Executor updated: (app-\\S{1,60}) is now RUNNING");

    /** The driver knows it. */
    private static final Pattern REGISTERED = Pattern.compile("Registered executor |registered with \\d+ core");

    private static final Pattern ADDRESS = Pattern.compile("NettyBlockTransferService: Server created on (.{1,200})");

    private static final Pattern REMOVED = Pattern.compile("Master removed our application: FAILED");

    @Override
    public Optional<Finding> look(Clues clues) {
        boolean noWork = clues.evidence()
                .probe()
                .map(probe -> probe.kind() == ProbeFailure.Kind.NO_EXECUTORS
                        || probe.kind() == ProbeFailure.Kind.QUERY_FAILED)
                .orElse(false);
        // One that got through proves the way: what ends executors then is something else.
        boolean strangers = clues.anyLine(REGISTERED).isEmpty();
        return clues.anyLine(MASTER_FAILED)
                .or(() -> clues.anyLine(MASTER_REFUSED)
                        .filter(hit -> strangers && clues.spec().master().equals("yarn")))
                .or(() -> clues.anyLine(EXITED)
                        .filter(hit ->
                                strangers && (noWork || clues.anywhere(REMOVED).isPresent())))
                .flatMap(hit -> of(clues, hit, "executors start and end at once, as they can't reach the driver"))
                // Where nobody refuses the connection, they try for two minutes before they end.
                .or(() -> clues.anyLine(LAUNCHED)
                        .filter(hit -> noWork && strangers)
                        .flatMap(hit -> of(
                                clues,
                                hit,
                                "executors run on the cluster's workers (" + hit.group(1)
                                        + "), and none of them got to the driver")));
    }

    /** The finding, with the address that is at stake. */
    static Optional<Finding> of(Clues clues, Hit hit, String what) {
        return hit.fault(
                "DRIVER_UNREACHABLE",
                what
                        + clues.anyLine(ADDRESS)
                                .map(address -> "; they are told to reach it at " + address.group(1))
                                .orElse(clues.spec()
                                        .cluster()
                                        .driver()
                                        .host()
                                        .map(host -> "; they are told to reach it at " + host)
                                        .orElse("")),
                "give an address that the cluster's machines reach, and open its ports to them: "
                        + clues.again("--driver-host ADDRESS")
                        + "; an executor's own stderr, at its worker, says what it tried");
    }

    @Override
    public Set<String> codes() {
        return Set.of("DRIVER_UNREACHABLE");
    }
}
