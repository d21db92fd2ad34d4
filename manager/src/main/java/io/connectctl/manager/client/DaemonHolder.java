package io.connectctl.manager.client;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The daemon that holds a state folder, by what it wrote into its lock there: for people, where it doesn't answer for itself.
 *
 * @param pid its process
 * @param stopped whether a signal or a debugger has stopped it
 */
public record DaemonHolder(long pid, boolean stopped) {
    private static final Pattern HOLDER = Pattern.compile("^pid (\\d{1,10})\\b");

    /** Field 3 of {@code /proc/PID/stat} behind the name, which may hold anything: T by a signal, t by a debugger. */
    private static final Pattern STATE = Pattern.compile("(?s).*\\) ([A-Za-z]) .*");

    /** Empty where no process that is there is named. */
    public static Optional<DaemonHolder> of(Path state) {
        try {
            Matcher holder = HOLDER.matcher(Files.readString(state.resolve("daemon.lock"), StandardCharsets.UTF_8));
            if (!holder.find()) {
                return Optional.empty();
            }
            String stat = Files.readString(Path.of("/proc", holder.group(1), "stat"), StandardCharsets.ISO_8859_1);
            Matcher now = STATE.matcher(stat);
            return Optional.of(new DaemonHolder(
                    Long.parseLong(holder.group(1)),
                    now.matches() && now.group(1).equalsIgnoreCase("t")));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** What it is. */
    public String describe() {
        return "pid " + pid + (stopped ? ", which is stopped (SIGSTOP, or a debugger)" : "");
    }

    /** What to do about it. */
    public String remedy() {
        return (stopped ? "kill -CONT " + pid + " lets it go on; " : "") + "kill -9 " + pid
                + " ends it: servers stay, and the next command starts another one";
    }
}
