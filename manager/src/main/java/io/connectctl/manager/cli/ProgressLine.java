package io.connectctl.manager.cli;

import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a waiting command shows on stderr: on a terminal one living line, elsewhere one line a step and a heartbeat every
 * 15 s, so that a CI log neither floods nor seems dead.
 */
final class ProgressLine implements AutoCloseable {
    private static final Duration HEARTBEAT = Duration.ofSeconds(15);
    private static final int BAR = 24;
    private static final long MEBIBYTE = 1L << 20;
    private static final String CLEAR = "\r\u001b[2K";
    private static final Pattern AMOUNT = Pattern.compile("(.*?)\\s+\\(?(\\d+)/(\\d+)\\)?");

    private final CliContext context;
    private final boolean quiet;
    private final boolean living;
    private final String subject;
    private final long startedAt = System.nanoTime();
    private String step = "";
    private String shown = "";
    private long lastLineAt = System.nanoTime();

    /**
     * @param subject what every line begins with
     */
    ProgressLine(CliContext context, boolean quiet, String subject) {
        this.context = context;
        this.quiet = quiet;
        // A dumb terminal, such as an editor's, would show the codes that take a line away.
        this.living = context.terminal().err() && !Style.dumb(context);
        this.subject = subject;
    }

    /** Shows a step; {@code fetching Spark 4.0.1 12/345} has an amount done and a total. */
    void step(String text) {
        Matcher matcher = AMOUNT.matcher(text);
        boolean amount = matcher.matches();
        String name = amount ? matcher.group(1) : text;
        String detail = amount ? bar(Long.parseLong(matcher.group(2)), Long.parseLong(matcher.group(3))) : "";
        boolean news = !name.equals(step);
        step = name;
        if (quiet) {
            return;
        }
        if (living) {
            live(name + detail);
        } else if (news) {
            shown = name;
            line(name + " (" + elapsed() + ")");
        } else {
            shown = name + detail;
        }
    }

    /** A step that is passed in no time: shown on the living line, and by a heartbeat should it last after all. */
    void passing(String text) {
        step = text;
        shown = text;
        if (living && !quiet) {
            live(text);
        }
    }

    /** Shows that time goes by. */
    void tick() {
        if (quiet) {
            return;
        }
        if (living) {
            live(shown);
        } else if (System.nanoTime() - lastLineAt >= HEARTBEAT.toNanos()) {
            line("still " + shown.strip() + " (" + elapsed() + ")");
        }
    }

    /** A line that stays, unless little is to be said. */
    void remark(String text) {
        if (!quiet) {
            note(text);
        }
    }

    /** A line that stays. */
    void note(String text) {
        if (living) {
            context.err().print(CLEAR);
        }
        context.err().println(text);
        lastLineAt = System.nanoTime();
    }

    private void line(String text) {
        context.err().println(subject + ": " + text);
        lastLineAt = System.nanoTime();
    }

    private void live(String text) {
        shown = text;
        String line = subject + "  " + text + "  " + elapsed();
        int columns = Math.max(20, context.terminal().columns() - 1);
        context.err().print(CLEAR + (line.length() > columns ? line.substring(0, columns) : line));
        context.err().flush();
    }

    private String elapsed() {
        return Durations.precise(elapsedTime());
    }

    Duration elapsedTime() {
        return Duration.ofNanos(System.nanoTime() - startedAt);
    }

    private static String bar(long done, long total) {
        if (total <= 0) {
            return "  " + done;
        }
        int full = (int) Math.min(BAR, BAR * done / total);
        return String.format(
                Locale.ROOT,
                "  [%s%s] %3d%%%s",
                "#".repeat(full),
                ".".repeat(BAR - full),
                Math.min(100, 100 * done / total),
                amount(done, total));
    }

    /** Bytes, where so many can be nothing else. */
    private static String amount(long done, long total) {
        return total < MEBIBYTE
                ? ""
                : String.format(Locale.ROOT, "  %.1f of %.1f MiB", done / (double) MEBIBYTE, total / (double) MEBIBYTE);
    }

    /** The latest step. */
    Optional<String> latest() {
        return step.isEmpty() ? Optional.empty() : Optional.of(step);
    }

    /** Takes the living line away. */
    void clear() {
        if (living && !quiet) {
            context.err().print(CLEAR);
            context.err().flush();
        }
    }

    @Override
    public void close() {
        clear();
    }
}
