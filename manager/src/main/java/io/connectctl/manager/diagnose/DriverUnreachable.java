package io.connectctl.manager.diagnose;

import io.connectctl.compose.spec.DriverNetwork;
import io.connectctl.health.ProbeFailure;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Executors start and can't open a connection back to the driver: the classic failure of a driver behind a wrong address. */
final class DriverUnreachable implements Rule {
    /** What YARN's application master says of it, which ends in the driver's log as the application's diagnostics. */
    private static final Pattern MASTER_FAILED = Pattern.compile("Failed to connect to driver(?: at (\\S{1,200}))?"
            + "|Exception while connecting to driver|ExecutorLauncher.{0,200}(?:timed out|No route to host)");

    /**
     * The same in the words of Spark's RPC: the connection is refused, or opened and ended at once, or nobody answers on it.
     * Later on, blocks that can't be fetched are told of in such words, too.
     */
    private static final Pattern MASTER_REFUSED = Pattern.compile("Failed to connect to \\S{1,200}:\\d+"
            + "|Failed to send RPC .{0,60} to \\S{1,200}:\\d+|Connection from \\S{1,200}:\\d+ closed"
            + "|Cannot receive any reply from \\S{1,200}:\\d+|controlled by spark\\.rpc\\.lookupTimeout");

    /** What a standalone master says of executors that end at once, again and again. */
    private static final Pattern EXITED =
            Pattern.compile("Executor updated: (app-\\S{1,60}) is now EXITED \\(Command exited with code 1\\)");

    /** A worker runs it, by its master. */
    private static final Pattern LAUNCHED = Pattern.compile("Executor updated: (app-\\S{1,60}) is now RUNNING");

    /** The driver knows it. */
    private static final Pattern REGISTERED = Pattern.compile("Registered executor |registered with \\d+ core");

    /** YARN runs its application master, which is to say so to the driver at once; both are logged at INFO. */
    private static final Pattern MASTER_RUNS =
            Pattern.compile("Application (application_\\S{1,60}) has started running");

    private static final Pattern MASTER_REGISTERED = Pattern.compile("ApplicationMaster registered as ");

    private static final Pattern MASTER_ENDED = Pattern.compile(
            "YARN application has exited unexpectedly|The YARN application has already ended|Diagnostics message: |final status: FAILED");

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
                // Of a server that ran, such words tell of an executor that was lost, or of a database that was.
                .or(() -> clues.anyLine(MASTER_REFUSED)
                        .filter(hit -> strangers
                                && clues.spec().master().equals("yarn")
                                && clues.evidence().stage() == Evidence.Stage.STARTING))
                .or(() -> clues.anyLine(EXITED)
                        .filter(hit ->
                                strangers && (noWork || clues.anywhere(REMOVED).isPresent())))
                .flatMap(hit -> of(clues, hit, "executors start and end at once, as they can't reach the driver"))
                // Where nobody refuses the connection, they try for two minutes before they end.
                .or(() -> clues.anyLine(MASTER_RUNS)
                        .filter(hit -> noWork
                                && strangers
                                && clues.anyLine(MASTER_REGISTERED).isEmpty()
                                // One that ended had another reason, which YARN tells.
                                && clues.anyLine(MASTER_ENDED).isEmpty())
                        .flatMap(hit -> of(
                                clues,
                                hit,
                                "YARN runs its application's master (" + hit.group(1)
                                        + "), and that one never got to the driver")))
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
                                .orElse(DriverNetwork.of(clues.spec())
                                        .host()
                                        .map(host -> "; they are told to reach it at " + host)
                                        .orElse("")),
                "give an address that the cluster's machines reach, and open its ports to them: "
                        + clues.again(
                                clues.spec().conf().containsKey("spark.driver.host")
                                        ? "--conf spark.driver.host=ADDRESS"
                                        : "--driver-host ADDRESS")
                        + "; an executor's own stderr, at its worker, says what it tried");
    }

    @Override
    public Set<String> codes() {
        return Set.of("DRIVER_UNREACHABLE");
    }
}
