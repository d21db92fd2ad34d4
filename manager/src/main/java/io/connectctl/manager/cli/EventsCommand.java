package io.connectctl.manager.cli;

import io.connectctl.manager.api.v1.CauseView;
import io.connectctl.manager.api.v1.EventView;
import io.connectctl.manager.client.ApiClient;
import io.connectctl.manager.client.EventStream;
import io.connectctl.manager.client.Wire;
import java.io.IOException;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code connectctl events}. */
@Command(
        name = "events",
        description = "Print what happened to servers, oldest first.",
        footerHeading = "%nExamples:%n",
        footer = {"  connectctl events", "  connectctl events sales -f", "  connectctl events --after 1200 -o json"})
final class EventsCommand extends CliCommand {
    private static final Duration TICK = Duration.ofSeconds(30);

    @Parameters(arity = "0..1", paramLabel = "NAME", description = "Only this server's; else of all.")
    @Nullable
    String name;

    @Mixin
    final OutputOption output = new OutputOption();

    @Option(
            names = {"-f", "--follow"},
            description = "Go on with what happens from now on, until interrupted.")
    boolean follow;

    @Option(names = "--after", paramLabel = "SEQUENCE", description = "Only events after this sequence number.")
    @Nullable
    Long after;

    @Option(
            names = {"-n", "--limit"},
            paramLabel = "N",
            description = "At most N of the stored events, the oldest of them first; not with -f.")
    @Nullable
    Integer limit;

    EventsCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException {
        ApiClient client = looking();
        OptionalInt most = limit == null ? OptionalInt.empty() : OptionalInt.of(limit);
        // Following means from the first stored event on, else one could miss what one waits for.
        OptionalLong from = OptionalLong.of(after == null ? 0 : after);
        Optional<String> server = Optional.ofNullable(name);
        if (follow) {
            follow(client, server, from);
            return ExitCode.OK;
        }
        boolean any = false;
        try (EventStream events = client.events(from, server, most, false)) {
            while (!events.ended()) {
                Optional<EventView> event = events.next(TICK);
                if (event.isPresent()) {
                    any = true;
                    print(event.get());
                }
                if (out().checkError()) {
                    return ExitCode.OK;
                }
            }
        }
        if (!any && name != null && after == null) {
            // Those of a server that was removed are still told; of a mistyped name there are none.
            client.server(name);
        }
        return ExitCode.OK;
    }

    /** Until whoever reads our output has gone, or the daemon stays away. */
    private void follow(ApiClient client, Optional<String> server, OptionalLong from) throws IOException {
        try (Following events = new Following(client, server, from)) {
            while (!out().checkError()) {
                Optional<EventView> event = events.next(TICK);
                if (event.isPresent()) {
                    print(event.get());
                }
            }
        }
    }

    private void print(EventView event) throws IOException {
        switch (output.orTable()) {
            case JSON -> out().println(Wire.mapper().writeValueAsString(event));
            case YAML -> out().print("---\n" + OutputFormat.yaml(event));
            case NAME -> out().println(event.server());
            case TABLE -> print(line(event));
        }
    }

    private String line(EventView event) {
        CauseView cause = event.cause();
        return String.format(
                        Locale.ROOT,
                        "%-6s %s  %s/%d  %s  %s",
                        event.sequence() == 0 ? "-" : Long.toString(event.sequence()),
                        event.at(),
                        event.server(),
                        event.incarnation(),
                        style().phase(event.phase(), event.type()),
                        event.message())
                + (cause == null ? "" : "  [" + cause.code() + "] " + cause.summary());
    }
}
