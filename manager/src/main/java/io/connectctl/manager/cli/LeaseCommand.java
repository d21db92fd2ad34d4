package io.connectctl.manager.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import io.connectctl.manager.api.v1.LeaseRequest;
import io.connectctl.manager.api.v1.LeaseView;
import io.connectctl.manager.client.ApiClient;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code connectctl lease}. */
@Command(
        name = "lease",
        description = {
            "Lease a fresh server, wait until a query ran on it, and tell where it is.",
            "It is removed when the lease is released, expires, or its owner's process ends, whichever comes first; the time is counted on"
                    + " the boot clock. This command owns nothing: name an owner, or renew in time.",
            "github: ::add-mask:: comes first; the variables go into the file that GITHUB_ENV names, the lease into GITHUB_OUTPUT's."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  connectctl lease --ttl 20m",
            "  connectctl lease --ttl 20m --owner $$$$ -o json",
            "  connectctl lease --ttl 1h --owner \"job-$CI_JOB_ID\" -o dotenv > .env",
            "  connectctl lease --pool ci -o github"
        })
final class LeaseCommand extends CliCommand {
    /** A daemon answers at once whether it grants; the rest is for a loaded machine. */
    private static final Duration GRANTING = Duration.ofSeconds(5);

    /** A value that picocli would take as it is. */
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]*");

    private static final Set<String> FORMATS = Set.of("table", "json", "github", "dotenv");

    /** How it is told. */
    enum Format {
        TABLE,
        JSON,
        GITHUB,
        DOTENV
    }

    @Mixin
    final LeaseOptions options = new LeaseOptions();

    @Option(
            names = "--owner",
            paramLabel = "PID|TEXT",
            description =
                    "The process with whose end the lease ends (digits alone); or a name, such as job-17, for people only.")
    @Nullable
    String owner;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORMAT",
            description = "table, json, github or dotenv (default: table).")
    Format format = Format.TABLE;

    LeaseCommand(CliContext context) {
        super(context);
    }

    /**
     * A claim of a pool's server with its most common options, understood without picocli, which takes longer to load than the daemon
     * takes to hand over a server; empty for anything else.
     *
     * @param words {@code lease} and what follows
     */
    static Optional<CliCommand> claim(CliContext context, String... words) {
        LeaseCommand lease = new LeaseCommand(context);
        Set<String> seen = new HashSet<>();
        Iterator<String> rest = List.of(words).listIterator(1);
        while (rest.hasNext()) {
            String option = rest.next().replace("--output", "-o");
            if (!seen.add(option)) {
                return Optional.empty();
            }
            if (option.equals("--quiet")) {
                lease.global.quiet = true;
                continue;
            }
            String value = rest.hasNext() ? rest.next() : "";
            if (!PLAIN.matcher(value).matches()) {
                return Optional.empty();
            }
            switch (option) {
                case "--pool" -> lease.options.pool = value;
                case "--ttl" -> lease.options.ttl = value;
                case "--timeout" -> lease.options.timeout = value;
                case "--owner" -> lease.owner = value;
                case "-o" -> {
                    if (!FORMATS.contains(value)) {
                        return Optional.empty();
                    }
                    lease.format = Format.valueOf(value.toUpperCase(Locale.ROOT));
                }
                default -> {
                    return Optional.empty();
                }
            }
        }
        return lease.options.pool == null ? Optional.empty() : Optional.of(lease);
    }

    @Override
    ExitCode execute() throws IOException, InterruptedException {
        boolean process = owner != null && owner.matches("\\d{1,9}");
        ApiClient client = connect();
        LeaseRequest request = process
                ? options.request(context, null, Long.valueOf(String.valueOf(owner)))
                : options.request(context, owner, null);
        sameEngine(request.declaration(), "lease");
        // Before it is asked for: an interrupt may come while the daemon grants it.
        CompletableFuture<Leased> granted = new CompletableFuture<>();
        Interrupts.Watch watch = context.interrupts().onSignal(() -> dropOnceGranted(granted));
        Leased leased;
        try {
            leased = Leased.of(client, request, context);
            granted.complete(leased);
        } finally {
            // It was refused: there will be nothing to drop.
            if (granted.cancel(false)) {
                watch.over();
            }
        }
        boolean told = false;
        Renewal renewal = Renewal.of(client, leased, options.ttl(), Optional.empty(), this::warn);
        try (ProgressLine progress = new ProgressLine(context, global.quiet, leased.server())) {
            leased.untilProven(progress, options.patience(), "connectctl lease", false);
            progress.clear();
            // The time begins when it is handed over.
            tell(client.renew(leased.id(), Optional.empty(), false), leased);
            told = true;
        } catch (CliFailure e) {
            throw e.exit() == ExitCode.TIMEOUT
                    ? new CliFailure(e.exit(), String.valueOf(e.getMessage()), "wait longer with --timeout")
                    : e;
        } finally {
            watch.over();
            renewal.close();
            if (!told) {
                drop(leased);
            }
        }
        return ExitCode.OK;
    }

    private void dropOnceGranted(CompletableFuture<Leased> granted) {
        try {
            drop(granted.get(GRANTING.toMillis(), TimeUnit.MILLISECONDS));
        } catch (CancellationException | ExecutionException e) {
            // Refused: there is nothing to end.
        } catch (TimeoutException e) {
            warn("the daemon hasn't said whether it granted a lease; see connectctl leases");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Nobody would ever know its name. */
    private void drop(Leased leased) {
        try {
            leased.release();
        } catch (IOException e) {
            warn("lease " + leased.id() + " can't be ended now: " + e.getMessage() + "; it expires by itself");
        }
    }

    private void tell(LeaseView lease, Leased leased) throws IOException {
        switch (format) {
            case TABLE -> LeaseTable.lines(List.of(lease), context).forEach(out()::println);
            case JSON -> out().println(document(lease, leased));
            case DOTENV -> variables(leased).forEach((key, value) -> out().println(key + "='" + value + "'"));
            case GITHUB -> github(leased);
        }
    }

    /** As {@link OutputFormat#JSON} prints it, without databind: see {@link #claim}. */
    private static String document(LeaseView lease, Leased leased) throws IOException {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
            json.setPrettyPrinter(new DefaultPrettyPrinter());
            json.writeStartObject();
            json.writeStringField("lease", lease.lease());
            json.writeStringField("server", lease.server());
            json.writeStringField("url", leased.url());
            json.writeStringField("tokenFile", leased.tokenFile());
            json.writeStringField("expiresAt", lease.expiresAt());
            json.writeEndObject();
        }
        return text.toString();
    }

    private static Map<String, String> variables(Leased leased) throws CliFailure {
        Map<String, String> variables = leased.variables();
        variables.put("CONNECTCTL_LEASE", leased.id());
        return variables;
    }

    /** A runner masks from the moment it reads the mask on, so that comes before anything else. */
    private void github(Leased leased) throws IOException {
        String token = leased.token();
        if (token != null) {
            out().println("::add-mask::" + token);
            out().flush();
        }
        StringBuilder lines = new StringBuilder();
        variables(leased)
                .forEach((key, value) ->
                        lines.append(key).append('=').append(value).append('\n'));
        write("GITHUB_ENV", lines.toString());
        write("GITHUB_OUTPUT", "lease=" + leased.id() + "\nserver=" + leased.server() + "\nurl=" + leased.url() + "\n");
    }

    private void write(String variable, String lines) throws IOException {
        String file = context.environment().getOrDefault(variable, "");
        if (file.isEmpty()) {
            out().print(lines);
        } else {
            Files.writeString(
                    Path.of(file), lines, StandardCharsets.UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        }
    }
}
