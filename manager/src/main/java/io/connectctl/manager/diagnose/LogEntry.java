package io.connectctl.manager.diagnose;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One entry of a server's log: its first line and what belongs to it (the exception and its causes).
 *
 * @param at its place in the log, counted in entries
 * @param level how grave it is
 * @param lines the lines, the first one first; stack frames are left out
 */
record LogEntry(int at, Level level, List<String> lines) {

    /** How grave an entry is. */
    enum Level {
        /** News. */
        INFO,
        /** Something the server went on after. */
        WARN,
        /** A failure that the server logged. */
        ERROR,
        /** Text outside of the logging: from the JVM, a shell, spark-submit before it logs, an uncaught exception. */
        RAW
    }

    /** Spark's own layouts and the common others: a date and time, perhaps a thread, then the level. */
    private static final Pattern LOGGED = Pattern.compile(
            "^\\[?\\d[\\d/:.,TZ+-]{1,30}(?: [\\d/:.,TZ+-]{1,30})?\\]? (?:\\[[^\\]]{0,80}\\] ?)?(TRACE|DEBUG|INFO|WARN|ERROR|FATAL) ");

    /** The structured layout that Spark 4 offers. */
    private static final Pattern STRUCTURED = Pattern.compile("^\\{.{0,200}?\"level\" ?: ?\"([A-Z]{4,5})\"");

    /** Lines that never continue an entry: each of these programs writes past the logging. */
    private static final Pattern OUTSIDE =
            Pattern.compile("^(?:Exception in thread |Exception: |Error: |Error occurred "
                    + "|Unrecognized |Conflicting |Invalid |Improperly |Too small |Initial heap |Could not |OpenJDK |Java HotSpot|# "
                    + "|Terminating due to |Aborting due to |java\\.lang\\.OutOfMemoryError|Failed to find |Cannot find |JAVA_HOME "
                    + "|[^ :]{1,200}(?:sh|entrypoint|spark-[a-z]+): |exec: |Killed$|You probably access |:: |\\t?::)");

    private static final Pattern BELONGS = Pattern.compile("^(?:\\s|Caused by: |Suppressed: )");
    private static final Pattern FRAME = Pattern.compile("^\\s+(?:at [\\w.$/<]|\\.\\.\\. \\d)");

    /** Divides a log into entries. */
    static List<LogEntry> read(List<String> log) {
        List<LogEntry> entries = new ArrayList<>();
        Level level = Level.RAW;
        List<String> lines = new ArrayList<>();
        for (String line : log) {
            Level own = levelOf(line, level, lines.isEmpty());
            if (own != null) {
                close(entries, level, lines);
                level = own;
                lines = new ArrayList<>();
            }
            if (!FRAME.matcher(line).find() && !line.isBlank()) {
                lines.add(line);
            }
        }
        close(entries, level, lines);
        return entries;
    }

    private static void close(List<LogEntry> entries, Level level, List<String> lines) {
        if (!lines.isEmpty()) {
            entries.add(new LogEntry(entries.size(), level, List.copyOf(lines)));
        }
    }

    /** The level of the entry that this line begins; null if it goes on with the one before. */
    private static @Nullable Level levelOf(String line, Level before, boolean first) {
        Matcher logged = LOGGED.matcher(line);
        if (logged.find()) {
            return level(logged.group(1));
        }
        Matcher structured = STRUCTURED.matcher(line);
        if (structured.find()) {
            return level(structured.group(1));
        }
        if (first || OUTSIDE.matcher(line).find()) {
            return Level.RAW;
        }
        return before == Level.RAW && !BELONGS.matcher(line).find() ? Level.RAW : null;
    }

    private static Level level(String word) {
        return switch (word) {
            case "ERROR", "FATAL" -> Level.ERROR;
            case "WARN" -> Level.WARN;
            default -> Level.INFO;
        };
    }

    boolean isComplaint() {
        return level == Level.ERROR || level == Level.RAW;
    }
}
