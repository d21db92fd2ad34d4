package io.connectctl.manager.cli;

import io.connectctl.manager.api.v1.CauseView;
import io.connectctl.manager.api.v1.LeaseRequest;
import io.connectctl.manager.api.v1.LeaseView;
import io.connectctl.manager.api.v1.PoolRequest;
import io.connectctl.manager.api.v1.ReceiptView;
import io.connectctl.manager.api.v1.ServerView;
import io.connectctl.manager.client.ApiClient;
import io.connectctl.manager.client.ApiException;
import io.connectctl.manager.client.LineStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import org.jspecify.annotations.Nullable;

/** A lease as a command holds it: from the request to the proof that its server is usable, and to its end. */
final class Leased {
    private static final Duration LOOK = Duration.ofMillis(20);
    private static final Duration LOOK_WAITING = Duration.ofMillis(200);
    /** A server that is killed is gone in tenths of a second; its folder may be large. */
    private static final Duration ENDING = Duration.ofSeconds(30);

    private static final Duration LOG_LINE = Duration.ofSeconds(5);

    private final ApiClient client;
    private final LeaseView lease;
    private @Nullable String url;
    private @Nullable String tokenFile;

    private Leased(ApiClient client, LeaseView lease) {
        this.client = client;
        this.lease = lease;
        this.url = lease.url();
        this.tokenFile = lease.tokenFile();
    }

    /** Asks for a lease. */
    static Leased of(ApiClient client, LeaseRequest request) throws IOException {
        try {
            return new Leased(client, client.lease(request));
        } catch (ApiException e) {
            throw refused(e);
        }
    }

    /** The same; a pool that only the nearest connectctl.yaml knows yet is made first. */
    static Leased of(ApiClient client, LeaseRequest request, CliContext context) throws IOException {
        try {
            return of(client, request);
        } catch (ApiException e) {
            String pool = request.pool();
            if (!e.code().equals("NO_SUCH_POOL") || pool == null) {
                throw e;
            }
            Optional<PoolRequest> declared = PoolCreateCommand.declared(context, Project.find(context, null), pool);
            if (declared.isEmpty()) {
                throw e;
            }
            try {
                client.pool(pool, declared.get());
            } catch (ApiException refused) {
                throw refused(refused);
            }
            return of(client, request);
        }
    }

    /** A refused declaration, with every problem in a line of its own. */
    static IOException refused(ApiException e) {
        return e.code().equals("INVALID") && !e.problem().problems().isEmpty()
                ? Problems.invalid(
                        "the declaration isn't valid",
                        e.problem().problems().stream()
                                .filter(problem -> !problem.severity().equalsIgnoreCase("WARNING"))
                                .map(problem -> Problems.line(problem, key -> ""))
                                .toList())
                : e;
    }

    /** One that is there already. */
    static Leased known(ApiClient client, LeaseView lease) {
        return new Leased(client, lease);
    }

    String id() {
        return lease.lease();
    }

    String server() {
        return lease.server();
    }

    /** Where its server is reached, once it is proven. */
    String url() {
        return String.valueOf(url);
    }

    /** The file that holds its server's token; null where it has none. */
    @Nullable
    String tokenFile() {
        return tokenFile;
    }

    /**
     * Waits until a query ran on its server.
     *
     * @param patience empty for what fits the server
     * @param again the command that asked for the lease: where a remedy says what to start a server with, that is what to give it
     * @param kept whether a server that fails is kept, so that more can be asked of it
     * @throws CliFailure as {@code start} fails; the lease is still there
     */
    void untilProven(ProgressLine progress, Optional<Duration> patience, String again, boolean kept)
            throws IOException {
        try {
            untilProven(progress, patience);
        } catch (CliFailure e) {
            String command = lease.pool() == null ? again : "connectctl pool create " + lease.pool();
            CliFailure told = new CliFailure(
                    e.exit(),
                    reworded(String.valueOf(e.getMessage()), server(), id(), command, kept),
                    reworded(e.remedy().orElse(""), server(), id(), command, kept));
            told.addSuppressed(e);
            throw told;
        }
    }

    /** What is said of a server that a person declared, for one that is nobody's once its lease ends: it can't be started again. */
    static String reworded(String text, String server, String lease, String again, boolean kept) {
        String told = text.replaceAll("connectctl (?:start|restart) " + server + "\\b", Matcher.quoteReplacement(again))
                .replaceAll("connectctl stop " + server + "\\b", "connectctl release " + lease);
        return kept
                ? told
                // It ends with its lease, which the failure ends.
                : told.replaceAll("; it is tried again until: connectctl release " + lease + "\\b", "")
                        .replaceAll("; what led to it: connectctl events " + server + "\\b", "")
                        .replaceAll(
                                "connectctl logs (?:--previous )?" + server + "\\b",
                                "connectctl run --logs-on-failure (shows the log)");
    }

    private void untilProven(ProgressLine progress, Optional<Duration> patience) throws IOException {
        if (lease.state().equals("READY") && url != null) {
            return;
        }
        LeaseView now = lease;
        while (now.state().equals("WAITING")) {
            progress.step(
                    now.position() > 1
                            ? "waiting for " + (now.position() - 1) + " before it to start"
                            : "waiting for a free place to start");
            pause(LOOK_WAITING);
            now = client.lease(id());
        }
        ServerView server;
        try {
            server = new StartWatch(client, server(), progress, patience, this::requireLaunched)
                    .untilProven(new ReceiptView(lease.sequence(), true, "starting"), 1);
        } catch (ApiException e) {
            if (e.code().equals("NO_SUCH_SERVER") || e.code().equals("NO_SUCH_LEASE")) {
                throw ended("");
            }
            throw e;
        }
        url = server.url();
        tokenFile = server.tokenFile();
    }

    /** A start may be refused before there is anything of a server, as where its port is held: then only its lease knows. */
    private void requireLaunched() throws IOException {
        LeaseView now = client.lease(id());
        if (now.state().equals("ENDING")) {
            throw ended(now.ending() == null ? "" : ": " + now.ending());
        }
        CauseView cause = now.cause();
        if (now.state().equals("FAILED")
                && cause != null
                && client.server(server()).phase().equals("STOPPED")) {
            throw new CliFailure(
                    ExitCode.ofCause(cause.code()),
                    "server '" + server() + "' can't be started: " + cause.code() + "\n  " + cause.summary(),
                    cause.remedy());
        }
    }

    private CliFailure ended(String why) {
        return new CliFailure(
                ExitCode.NOT_HEALTHY,
                "lease " + id() + " ended while its server started" + why,
                "a longer --ttl may help; daemon.log in the state folder tells why it ended");
    }

    private static void pause(Duration time) throws IOException {
        LockSupport.parkNanos(time.toNanos());
        if (Thread.currentThread().isInterrupted()) {
            throw new IOException("interrupted");
        }
    }

    /** The secret that clients of Spark 4 send; null where the server has none. */
    @Nullable
    String token() throws CliFailure {
        if (tokenFile == null) {
            return null;
        }
        Path file = Path.of(tokenFile);
        try {
            return Files.readString(file).strip();
        } catch (IOException e) {
            throw new CliFailure(
                    ExitCode.FAILURE,
                    "the token of '" + server() + "' can't be read: " + e,
                    "only the user whose daemon runs may read " + file);
        }
    }

    /** What a client of its server needs in its environment. */
    Map<String, String> variables() throws CliFailure {
        Map<String, String> variables = new TreeMap<>();
        variables.put("SPARK_REMOTE", url());
        String token = token();
        if (token != null) {
            variables.put("SPARK_CONNECT_AUTHENTICATE_TOKEN", token);
        }
        // PySpark releases its session at the exit then, instead of leaving it to time out.
        variables.put("SPARK_CONNECT_RELEASE_SESSION_ON_EXIT", "1");
        variables.put("CONNECTCTL_SERVER", server());
        return variables;
    }

    /** Writes the server's log, folded away where GitHub shows it. */
    void logs(PrintStream to, boolean github) {
        to.println((github ? "::group::" : "--- ") + "log of " + server());
        try (LineStream lines = client.logs(server(), OptionalInt.empty(), Optional.empty(), false, false)) {
            while (!lines.ended()) {
                lines.next(LOG_LINE).ifPresent(to::println);
            }
        } catch (IOException e) {
            to.println("connectctl: the log can't be read: " + e.getMessage());
        }
        to.println(github ? "::endgroup::" : "--- end of the log of " + server());
    }

    /** Ends the lease, and returns when nothing of it is left; false if that takes unusually long. */
    boolean release() throws IOException {
        try {
            client.release(id());
            long deadline = System.nanoTime() + ENDING.toNanos();
            while (System.nanoTime() < deadline) {
                client.lease(id());
                LockSupport.parkNanos(LOOK.toNanos());
            }
            return false;
        } catch (ApiException e) {
            if (e.code().equals("NO_SUCH_LEASE")) {
                return true;
            }
            throw e;
        }
    }
}
