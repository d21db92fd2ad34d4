package io.connectctl.manager.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.connectctl.manager.api.v1.CheckList;
import io.connectctl.manager.api.v1.DaemonView;
import io.connectctl.manager.api.v1.LeftoverList;
import io.connectctl.manager.client.ApiClient;
import io.connectctl.manager.client.DaemonUnreachableException;
import io.connectctl.manager.client.Wire;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code connectctl doctor}. */
@Command(
        name = "doctor",
        description = {
            "Examine a Spark Connect URL as its clients would use it, whoever runs the server: name, TCP, HTTP/2 and TLS, gRPC, token, health service,"
                    + " session, versions, message size, clock. Done within 10 s. It runs no job.",
            "Without a URL, examine this machine: Java, engine, folders, disk, ports, memory, cluster, cache, daemon, orphans.",
            "Where the URL has no token, that of SPARK_CONNECT_AUTHENTICATE_TOKEN is used, as by clients; - reads the URL from stdin."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  connectctl doctor",
            "  connectctl doctor sc://spark.example.com:15002",
            "  connectctl doctor sc://localhost:15002 --client 4.0.1 -o json"
        })
final class DoctorCommand extends CliCommand {
    /** By name: the command line must not load, nor even know, what only an examination needs. */
    private static final String MAIN = "io.connectctl.manager.daemon.DoctorMain";

    /** All of it, from this process' own start: on a busy machine two JVMs take seconds to come up. */
    private static final Duration LIMIT = Duration.ofSeconds(8);

    /** However late we came up, something has to be looked at. */
    private static final Duration LEAST = Duration.ofSeconds(2);

    /** For the examining process, which comes up later and should end before it is ended. */
    private static final Duration INNER = Duration.ofMillis(6500);

    /** However little is left for the daemon, one that is well answers within it; and a process that has ended is gone. */
    private static final Duration LEAST_FOR_DAEMON = Duration.ofMillis(500);

    /** Of one line of stdin: nothing that is longer is a URL. */
    private static final int LONGEST_URL = 1 << 16;

    private static final String END = "";

    /** 128 + SIGKILL. */
    private static final int KILLED = 137;

    /** Failures of these checks mean that nothing was reached. */
    private static final Set<String> REACHING = Set.of("start", "name", "tcp");

    private static final Pattern MINOR = Pattern.compile("(\\d{1,4})\\.(\\d{1,4})\\..*");

    @Parameters(
            arity = "0..1",
            paramLabel = "URL",
            description = "A Spark Connect URL, or - for stdin; else this machine.")
    @Nullable
    String url;

    @Option(
            names = "--client",
            paramLabel = "VERSION",
            description = "The client's version, to compare; else that of this machine's pyspark, if there is one.")
    @Nullable
    String client;

    @Mixin
    final OutputOption output = new OutputOption();

    private final Map<String, CheckList.Entry> checks = new LinkedHashMap<>();
    private String target = "this machine";

    DoctorCommand(CliContext context) {
        super(context);
    }

    /** As {@code --help} lists them. */
    static Map<String, String> exits() {
        Map<String, String> lines = new LinkedHashMap<>();
        lines.put("0", "usable, perhaps with a warning");
        lines.put("1", ExitCode.FAILURE.meaning());
        lines.put("2", ExitCode.USAGE.meaning());
        lines.put("4", "reachable and not usable; of this machine: a check failed");
        lines.put("6", "the URL is wrong");
        lines.put("7", "nothing is reached: name resolution or TCP failed, or this machine didn't come that far");
        lines.put("130", ExitCode.INTERRUPTED.meaning());
        return lines;
    }

    @Override
    ExitCode execute() throws IOException, InterruptedException {
        if (client != null && !MINOR.matcher(client + ".").matches()) {
            throw CliFailure.usage("--client '" + client + "' is no version of Spark", "write it as 4.0.1");
        }
        if (url == null) {
            long end = System.nanoTime() + left().toNanos();
            examine(List.of("machine"), "", end);
            daemon(end);
        } else {
            boolean piped = url.equals("-");
            String text = piped ? line(context.in()) : url;
            // Whoever writes into a pipe, or types, has the time it takes.
            long end = System.nanoTime() + (piped ? LIMIT : left()).toNanos();
            examine(List.of("url", Long.toString(INNER.toMillis())), text, end);
            CheckList.Entry parsed = checks.get("url");
            target = parsed == null || parsed.verdict().equals("FAILED") ? "the URL" : parsed.detail();
            versions(end);
        }
        CheckList list = list();
        print(list);
        return exit(list);
    }

    /** Not to the end: a terminal, or a pipe that somebody holds open, has none. */
    private static String line(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        while (line.size() < LONGEST_URL) {
            int next = in.read();
            if (next < 0 || next == '\n') {
                break;
            }
            line.write(next);
        }
        return line.toString(StandardCharsets.UTF_8).strip();
    }

    private Duration left() {
        Duration spent = ProcessHandle.current()
                .info()
                .startInstant()
                .map(start -> Duration.between(start, context.clock().instant()))
                // A clock that was set back tells nothing; an age beyond the limit tells that we are late.
                .filter(age -> !age.isNegative())
                .orElse(Duration.ZERO);
        Duration left = LIMIT.minus(spent);
        return left.compareTo(LEAST) > 0 ? left : LEAST;
    }

    private void examine(List<String> arguments, String input, long end) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(context.tool()
                        .shortLived("128m", List.of("-Djava.net.preferIPv6Addresses=system"), MAIN, arguments))
                .start();
        Interrupts.Watch watch = context.interrupts().onSignal(process::destroyForcibly);
        try {
            try (OutputStream stdin = process.getOutputStream()) {
                stdin.write((input.lines().findFirst().orElse("") + "\n").getBytes(StandardCharsets.UTF_8));
            } catch (IOException e) {
                // It has ended already: what it said and its exit code tell more than a broken pipe.
            }
            follow(process, end);
        } finally {
            watch.over();
            process.destroyForcibly();
        }
    }

    private void follow(Process process, long end) throws InterruptedException {
        BlockingQueue<String> lines = new LinkedBlockingQueue<>();
        daemonThread("examination", () -> read(process, lines));
        Thread errors = daemonThread("examination-errors", () -> passOn(process));
        String open = "";
        long since = System.nanoTime();
        while (true) {
            String line = lines.poll(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
            if (line == null
                    && checks.values().stream().anyMatch(each -> each.verdict().equals("FAILED"))) {
                // What matters is known; only what was skipped isn't listed.
                return;
            }
            if (line == null) {
                String check = stoodAt(open);
                add(new CheckList.Entry(
                        check,
                        "FAILED",
                        "TIMED_OUT",
                        "not done in time",
                        check.equals("name")
                                ? "this machine's DNS doesn't answer: see /etc/resolv.conf"
                                : check.equals("start")
                                        ? "this machine is too busy to start a JVM: try again"
                                        : "it hangs there: look at that first",
                        TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - since)));
                return;
            }
            if (line.equals(END)) {
                ended(process, errors, open, end, since);
                return;
            }
            if (line.startsWith("begin ")) {
                open = line.substring("begin ".length());
                since = System.nanoTime();
            } else if (line.startsWith("end ")) {
                // Half a line is the last word of one that was killed: its check stays open.
                Optional<CheckList.Entry> entry = entry(line.substring("end ".length()));
                if (entry.isPresent()) {
                    open = "";
                    add(entry.get());
                }
            }
        }
    }

    /** What is parsed and not done is no wrong URL: the machine is. */
    private static String stoodAt(String open) {
        return open.isEmpty() || open.equals("url") ? "start" : open;
    }

    /** An examination that ended by itself has told all only if it says so: it may have been killed, or have died of a mistake. */
    private void ended(Process process, Thread errors, String open, long end, long since) throws InterruptedException {
        boolean over =
                process.waitFor(Math.max(LEAST_FOR_DAEMON.toNanos(), end - System.nanoTime()), TimeUnit.NANOSECONDS);
        // Its last words, unless a child of it holds the pipe open.
        errors.join(forLastWords(Duration.ofNanos(end - System.nanoTime())).toMillis());
        if (over && process.exitValue() == 0 && open.isEmpty() && !checks.isEmpty()) {
            return;
        }
        String how = over ? "ended with exit code " + process.exitValue() : "fell silent and doesn't end";
        String remedy = over && process.exitValue() == KILLED
                ? "it was killed, mostly for want of memory (dmesg tells): make room, and try again"
                : global.verbose
                        ? "what it said stands on stderr: try again, and report it"
                        : "see what it said: connectctl doctor --verbose";
        add(new CheckList.Entry(
                stoodAt(open),
                "FAILED",
                "EXAMINATION_DIED",
                "the examining process " + how + " before it was done",
                remedy,
                TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - since)));
    }

    /** What is left, within reason: some at any rate, and not all of a whole limit. */
    static Duration forLastWords(Duration left) {
        Duration some = left.compareTo(LEAST_FOR_DAEMON) > 0 ? left : LEAST_FOR_DAEMON;
        return some.compareTo(LEAST) < 0 ? some : LEAST;
    }

    private void passOn(Process process) {
        try (BufferedReader reader = process.errorReader(StandardCharsets.UTF_8)) {
            reader.lines().filter(line -> global.verbose).forEach(line -> context.err()
                    .println(Cli.printable(line)));
        } catch (IOException | java.io.UncheckedIOException e) {
            // It was ended.
        }
    }

    private static Thread daemonThread(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private static Optional<CheckList.Entry> entry(String json) {
        try {
            return Optional.of(Wire.mapper().readValue(json, CheckList.Entry.class));
        } catch (JsonProcessingException e) {
            return Optional.empty();
        }
    }

    private static void read(Process process, BlockingQueue<String> lines) {
        try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
            reader.lines().filter(line -> !line.isEmpty()).forEach(lines::add);
        } catch (IOException | java.io.UncheckedIOException e) {
            // It was ended.
        }
        lines.add(END);
    }

    private void add(CheckList.Entry entry) {
        checks.put(entry.check(), entry);
    }

    // ------------------------------------------------------------------ what the command line can tell by itself

    /** Older clients may talk to a newer server; a newer one may ask for what the server doesn't know. */
    private void versions(long end) throws InterruptedException {
        CheckList.Entry session = checks.get("session");
        if (session == null || !session.detail().startsWith("Spark ")) {
            add(skipped("client"));
            return;
        }
        long began = System.nanoTime();
        String server = session.detail().substring("Spark ".length());
        LocalPython.Pyspark pyspark = client != null
                ? new LocalPython.Pyspark(Optional.of(client), "")
                : LocalPython.pyspark(context.environment(), Duration.ofNanos(Math.max(1, end - System.nanoTime())));
        Optional<String> mine = pyspark.version();
        long took = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began);
        if (mine.isEmpty()) {
            add(new CheckList.Entry(
                    "client", "NOTE", "", pyspark.why() + ", to compare with Spark " + server, "", took));
            return;
        }
        int order = Integer.compare(minor(mine.get()), minor(server));
        String both = "the client is " + mine.get() + ", the server " + server;
        if (order > 0) {
            add(new CheckList.Entry(
                    "client",
                    "WARNING",
                    "CLIENT_NEWER",
                    both + ": what is new in the client fails there",
                    "install pyspark==" + server + " on the client's side",
                    took));
        } else {
            add(new CheckList.Entry(
                    "client", "OK", "", both + (order < 0 ? ": older clients are served" : ""), "", took));
        }
    }

    private static int minor(String version) {
        java.util.regex.Matcher parts = MINOR.matcher(version + ".0");
        return parts.matches() ? Integer.parseInt(parts.group(1)) * 1000 + Integer.parseInt(parts.group(2)) : 0;
    }

    private ApiClient client(long end) {
        long left = Math.max(LEAST_FOR_DAEMON.toNanos(), end - System.nanoTime());
        return new ApiClient(context.socket(), Duration.ofNanos(left), this);
    }

    private void daemon(long end) {
        long began = System.nanoTime();
        try {
            DaemonView daemon = client(end).daemon();
            String version = context.version().text();
            boolean same = daemon.version().equals(context.version().version());
            add(new CheckList.Entry(
                    "daemon",
                    same ? "OK" : "WARNING",
                    same ? "" : "DAEMON_OTHER_VERSION",
                    "connectctl " + daemon.version() + " (" + daemon.build() + "), pid " + daemon.pid() + ", "
                            + daemon.servers() + (daemon.servers() == 1 ? " server" : " servers"),
                    same
                            ? ""
                            : "this is connectctl " + version
                                    + ": restart the daemon, servers stay: connectctl daemon stop",
                    millis(began)));
        } catch (DaemonUnreachableException e) {
            boolean none = e.reason() == DaemonUnreachableException.Reason.NOT_RUNNING;
            add(new CheckList.Entry(
                    "daemon",
                    none ? "NOTE" : "FAILED",
                    none ? "" : "DAEMON_UNREACHABLE",
                    none ? "none runs; the first start starts one" : String.valueOf(e.getMessage()),
                    none ? "" : e.remedy(),
                    millis(began)));
            add(skipped("orphans"));
            return;
        } catch (IOException e) {
            add(new CheckList.Entry(
                    "daemon",
                    "FAILED",
                    "DAEMON_UNREACHABLE",
                    "it answers, and not as a daemon does: " + e.getMessage(),
                    "see daemon.log in the state folder; restart it, servers stay: connectctl daemon stop",
                    millis(began)));
            add(skipped("orphans"));
            return;
        }
        orphans(end);
    }

    private void orphans(long end) {
        long began = System.nanoTime();
        try {
            LeftoverList found = client(end).leftovers();
            List<String> what = new ArrayList<>();
            for (LeftoverList.Entry entry : found.leftovers()) {
                what.add(entry.what());
            }
            add(new CheckList.Entry(
                    "orphans",
                    what.isEmpty() ? "OK" : "WARNING",
                    what.isEmpty() ? "" : "ORPHANS",
                    what.isEmpty() ? "nothing is left over" : String.join("; ", what),
                    what.isEmpty() ? "" : "look, then remove them: connectctl gc --dry-run, connectctl gc",
                    millis(began)));
        } catch (IOException e) {
            // A refusal, or no answer in the time that is left: an engine may be slow to tell what it has.
            add(new CheckList.Entry(
                    "orphans", "NOTE", "", "they can't be listed: " + e.getMessage(), "", millis(began)));
        }
    }

    private static long millis(long began) {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began);
    }

    private static CheckList.Entry skipped(String check) {
        return new CheckList.Entry(check, "SKIPPED", "", "not looked at", "", 0);
    }

    // ------------------------------------------------------------------ telling it

    private CheckList list() {
        List<CheckList.Entry> all = List.copyOf(checks.values());
        Optional<CheckList.Entry> failed = first(all, "FAILED");
        Optional<CheckList.Entry> worst = failed.or(() -> first(all, "WARNING"));
        return new CheckList(
                "connectctl/v1",
                "CheckList",
                target,
                failed.isPresent() ? "FAILED" : worst.isPresent() ? "WARNING" : "OK",
                worst.map(CheckList.Entry::code).orElse(""),
                all);
    }

    private static Optional<CheckList.Entry> first(List<CheckList.Entry> all, String verdict) {
        return all.stream().filter(entry -> entry.verdict().equals(verdict)).findFirst();
    }

    private ExitCode exit(CheckList list) {
        if (!list.verdict().equals("FAILED")) {
            return ExitCode.OK;
        }
        String check =
                first(list.checks(), "FAILED").map(CheckList.Entry::check).orElse("");
        if (check.equals("url")) {
            return ExitCode.INVALID;
        }
        return url != null && REACHING.contains(check) ? ExitCode.UNREACHABLE : ExitCode.NOT_HEALTHY;
    }

    private void print(CheckList list) throws IOException {
        switch (output.orTable()) {
            case JSON, YAML -> output.orTable().print(out(), list);
            case NAME -> list.checks().forEach(entry -> out().println(entry.check()));
            case TABLE -> table(list);
        }
        out().flush();
    }

    private void table(CheckList list) {
        int width = list.checks().stream()
                .mapToInt(entry -> entry.check().length())
                .max()
                .orElse(0);
        print(list.target());
        for (CheckList.Entry entry : list.checks()) {
            if (entry.verdict().equals("SKIPPED")) {
                continue;
            }
            String verdict = entry.verdict().toLowerCase(java.util.Locale.ROOT);
            String padded = verdict + " ".repeat("warning".length() - verdict.length());
            print("  " + entry.check()
                    + " ".repeat(width - entry.check().length()) + "  "
                    + (entry.verdict().equals("OK") || entry.verdict().equals("NOTE")
                            ? padded
                            : style().warning(padded))
                    + "  " + right(entry.millis() + " ms") + "  "
                    + (entry.code().isEmpty() ? "" : entry.code() + ": ") + Cli.printable(entry.detail()));
            if (!entry.remedy().isEmpty()) {
                print(" ".repeat(context.terminal().out() && context.terminal().columns() < 80 ? 6 : width + 24) + "-> "
                        + Cli.printable(entry.remedy()));
            }
        }
        print(
                switch (list.verdict()) {
                    case "FAILED" -> "not usable: " + list.cause();
                    case "WARNING" -> "usable, with a warning: " + list.cause();
                    default -> "usable";
                });
    }

    private static String right(String text) {
        return " ".repeat(Math.max(0, 7 - text.length())) + text;
    }
}
