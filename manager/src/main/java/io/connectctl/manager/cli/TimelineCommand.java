package io.connectctl.manager.cli;

import io.connectctl.manager.api.v1.TimelineView;
import io.connectctl.manager.client.ApiClient;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code connectctl timeline}. */
@Command(
        name = "timeline",
        description = {
            "Show what a server's last start spent its time on.",
            "Step by step, from the launch's own notes, the log and the probes: resolve, pull, create, jvm, packages, SparkContext, port, rpc,"
                    + " session, query. The slowest gets a hint."
        },
        footerHeading = "%nExamples:%n",
        footer = {"  connectctl timeline sales", "  connectctl timeline sales -o json"})
final class TimelineCommand extends ServerCommand {
    private static final int NAME = 14;
    private static final int SECONDS = 10;
    /** A shorter bar tells nothing that the numbers don't. */
    private static final int SHORTEST_BAR = 10;

    private static final int LONGEST_BAR = 60;

    @Mixin
    final OutputOption output = new OutputOption();

    TimelineCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException {
        ApiClient client = looking();
        TimelineView view = client.timeline(serverName(client));
        switch (output.orTable()) {
            case JSON, YAML -> output.orTable().print(out(), view);
            case NAME -> view.steps().forEach(step -> out().println(step.name()));
            case TABLE -> lines(view, context.terminal().outColumns(), style()).forEach(out()::println);
        }
        return ExitCode.OK;
    }

    /** The page, no line of it longer than the terminal where words allow it. */
    static List<String> lines(TimelineView view, int columns, Style style) {
        List<String> lines = new ArrayList<>();
        lines.add(style.strong(view.server()) + ", incarnation " + view.incarnation() + ": "
                + Durations.tenths(view.totalSeconds()) + " s"
                + (view.complete() ? " to the first query" : " so far: no query was proven"));
        int room = Math.min(LONGEST_BAR, columns - NAME - SECONDS - 2);
        for (TimelineView.StepView step : view.steps()) {
            boolean slowest = step.name().equals(view.slowest());
            String figures =
                    pad(step.name(), NAME) + String.format(Locale.ROOT, "%" + (SECONDS - 2) + ".2f s", step.seconds());
            String bar = room < SHORTEST_BAR ? slowest ? " <" : "" : bar(view, step, room);
            lines.add((slowest ? style.warning(figures) : figures) + bar);
        }
        if (view.slowest() != null && view.hint() != null) {
            wrap(lines, "slowest: " + view.slowest() + ". " + about(view) + view.hint(), columns);
        }
        view.notes().forEach(note -> wrap(lines, "note: " + note, columns));
        return lines;
    }

    private static String about(TimelineView view) {
        return view.steps().stream()
                .filter(step -> step.name().equals(view.slowest()))
                .findFirst()
                .map(TimelineView.StepView::about)
                .map(about -> about + ". ")
                .orElse("");
    }

    /** Where in the whole the step lies; one that took any time at all is seen. */
    private static String bar(TimelineView view, TimelineView.StepView step, int room) {
        double scale = view.totalSeconds() <= 0 ? 0 : room / view.totalSeconds();
        int from = Math.min(room - 1, (int) Math.floor(step.startSeconds() * scale));
        int to = Math.max(from + (step.seconds() > 0 ? 1 : 0), Math.min(room, (int)
                Math.round((step.startSeconds() + step.seconds()) * scale)));
        // Without trailing blanks: a terminal that is narrower than it says would wrap them.
        return to == from ? "" : "  " + " ".repeat(from) + "#".repeat(to - from);
    }

    private static String pad(String text, int width) {
        return text + " ".repeat(Math.max(1, width - text.length()));
    }

    /** At blanks; a word that is longer than the line stays whole, so that it can be copied. */
    private static void wrap(List<String> lines, String text, int columns) {
        StringBuilder line = new StringBuilder();
        for (String word : text.split(" ", -1)) {
            if (!line.isEmpty() && line.length() + 1 + word.length() > columns) {
                lines.add(line.toString());
                line = new StringBuilder("  ");
            }
            line.append(line.isEmpty() || line.toString().isBlank() ? "" : " ").append(word);
        }
        lines.add(line.toString());
    }
}
