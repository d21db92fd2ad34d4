package io.connectctl.compose.runtime.process;

import io.connectctl.compose.runtime.Usage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the kernel says of processes, read from /proc. */
final class Proc {
    private static final Path ROOT = Path.of("/proc");
    private static final Duration MOMENT = Duration.ofMillis(5);
    private static final int MOMENTS = 40;
    private static final Pattern RESIDENT = Pattern.compile("(?m)^VmRSS:\\s+(\\d+) kB");
    private static final Pattern THREADS = Pattern.compile("(?m)^Threads:\\s+(\\d+)");

    private static final Pattern UPTIME = Pattern.compile("^(\\d+)\\.(\\d{2}) ");

    /** USER_HZ: what /proc counts CPU time in. The kernel has shown 100 to user space on every Linux that Java runs on. */
    private static final long TICKS_PER_SECOND = 100;

    private static final String BOOT_ID =
            read(ROOT.resolve("sys/kernel/random/boot_id")).map(String::strip).orElse("unknown");

    private Proc() {}

    /**
     * Who a process is: its pid alone may be another's tomorrow.
     *
     * @param start when it started, in clock ticks since the boot (/proc/PID/stat, field 22)
     * @param boot the kernel's boot id; another one means that the machine was restarted since
     */
    record Identity(long pid, long start, String boot) {
        /** Reads {@code PID START BOOT}; empty while the line isn't complete. */
        static Optional<Identity> parse(String text) {
            if (!text.endsWith("\n")) {
                return Optional.empty();
            }
            String[] parts = text.strip().split(" ", -1);
            try {
                return parts.length == 3
                        ? Optional.of(new Identity(Long.parseLong(parts[0]), Long.parseLong(parts[1]), parts[2]))
                        : Optional.empty();
            } catch (NumberFormatException e) {
                return Optional.empty();
            }
        }

        /** True while this very process lives; one that ended and only waits to be reaped doesn't. */
        boolean alive() {
            return boot.equals(bootId())
                    && stat(pid)
                            .filter(stat -> stat.start() == start && stat.state() != 'Z' && stat.state() != 'X')
                            .isPresent();
        }

        /** Sends SIGTERM, or SIGKILL if {@code force}, unless the process is gone. */
        void signal(boolean force) {
            // ProcessHandle compares the start time once more, right before the kill.
            Optional<ProcessHandle> handle = ProcessHandle.of(pid);
            if (handle.isPresent() && alive()) {
                boolean ignored =
                        force ? handle.get().destroyForcibly() : handle.get().destroy();
            }
        }
    }

    /** The fields of /proc/PID/stat that are used here. */
    record Stat(long pid, char state, long parent, long session, long cpuTicks, long start) {
        Identity identity() {
            return new Identity(pid, start, bootId());
        }
    }

    /** The kernel's boot id; it can't change while this process lives. */
    static String bootId() {
        return BOOT_ID;
    }

    /** Time since the boot, to the hundredth of a second; nobody can set it. Zero where the kernel doesn't tell it. */
    static Duration sinceBoot() {
        Matcher seconds = UPTIME.matcher(read(ROOT.resolve("uptime")).orElse(""));
        return seconds.find()
                ? Duration.ofSeconds(Long.parseLong(seconds.group(1)))
                        .plusMillis(10L * Integer.parseInt(seconds.group(2)))
                : Duration.ZERO;
    }

    /** What /proc/PID/stat says; empty if there is no such process. */
    static Optional<Stat> stat(long pid) {
        return read(folder(pid).resolve("stat")).flatMap(Proc::parseStat);
    }

    /** Reads a line of /proc/PID/stat. The command's name may hold blanks, parentheses and line ends: cut behind the last. */
    static Optional<Stat> parseStat(String text) {
        int open = text.indexOf(" (");
        int close = text.lastIndexOf(") ");
        if (open < 0 || close < open) {
            return Optional.empty();
        }
        String[] fields = text.substring(close + 2).strip().split(" ", -1);
        if (fields.length < 20) {
            return Optional.empty();
        }
        try {
            return Optional.of(new Stat(
                    Long.parseLong(text.substring(0, open)),
                    fields[0].charAt(0),
                    Long.parseLong(fields[1]),
                    Long.parseLong(fields[3]),
                    Long.parseLong(fields[11]) + Long.parseLong(fields[12]),
                    Long.parseLong(fields[19])));
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    /** Every process there is. */
    static List<Stat> all() {
        List<Stat> all = new ArrayList<>();
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(ROOT, "[0-9]*")) {
            for (Path folder : folders) {
                read(folder.resolve("stat")).flatMap(Proc::parseStat).ifPresent(all::add);
            }
        } catch (IOException | DirectoryIteratorException e) {
            throw new IllegalStateException("/proc can't be listed; connectctl needs it mounted", e);
        }
        return all;
    }

    /** A variable of a process' first environment; empty where it has none or belongs to another user. */
    static Optional<String> environment(long pid, String name) {
        return read(folder(pid).resolve("environ")).flatMap(text -> {
            String prefix = name + "=";
            for (String entry : text.split("\0", -1)) {
                if (entry.startsWith(prefix)) {
                    return Optional.of(entry.substring(prefix.length()));
                }
            }
            return Optional.empty();
        });
    }

    /**
     * True where its first environment may be looked at; a process that is gone has none. One that just becomes another program shows an
     * empty one for a moment, which is waited for.
     */
    static boolean showsEnvironment(long pid) {
        Path file = folder(pid).resolve("environ");
        Optional<String> text = read(file);
        for (int i = 0; i < MOMENTS && text.filter(String::isEmpty).isPresent(); i++) {
            LockSupport.parkNanos(MOMENT.toNanos());
            text = read(file);
        }
        return text.filter(shown -> !shown.isEmpty()).isPresent();
    }

    /** A process' command name, for people. */
    static Optional<String> command(long pid) {
        return read(folder(pid).resolve("comm")).map(String::strip);
    }

    /** Where a process' descriptors lead, such as {@code socket:[4711]}; empty where they can't be read. */
    static List<String> descriptors(long pid) {
        List<String> targets = new ArrayList<>();
        try (DirectoryStream<Path> links = Files.newDirectoryStream(folder(pid).resolve("fd"))) {
            for (Path link : links) {
                target(link).ifPresent(targets::add);
            }
        } catch (IOException | DirectoryIteratorException e) {
            return targets; // the process is gone or another user's: what is known so far
        }
        return targets;
    }

    private static Optional<String> target(Path link) {
        try {
            return Optional.of(Files.readSymbolicLink(link).toString());
        } catch (IOException e) {
            return Optional.empty(); // closed in the meantime
        }
    }

    /** True if a process has mapped this file; false where its maps can't be read. */
    static boolean maps(long pid, Path file) {
        return read(folder(pid).resolve("maps"))
                .filter(text -> text.contains(" " + file + "\n"))
                .isPresent();
    }

    /** True if a process has mapped or opened anything below this folder, as far as that may be looked at. */
    static boolean uses(long pid, Path folder) {
        String inside = folder + "/";
        return read(folder(pid).resolve("maps"))
                        .filter(text -> text.contains(" " + inside))
                        .isPresent()
                || descriptors(pid).stream().anyMatch(target -> target.startsWith(inside));
    }

    /** What a process uses; empty if it is gone. */
    static Optional<Usage> usage(long pid) {
        Optional<Stat> stat = stat(pid);
        Optional<String> status = read(folder(pid).resolve("status"));
        if (stat.isEmpty() || status.isEmpty()) {
            return Optional.empty();
        }
        Duration cpu = Duration.ofMillis(stat.get().cpuTicks() * 1000 / TICKS_PER_SECOND);
        long resident = number(RESIDENT, status.get()).orElse(0) * 1024;
        return Optional.of(new Usage(
                resident,
                cpu,
                (int) number(THREADS, status.get()).orElse(0),
                descriptors(pid).size(),
                MemoryRoom.of(pid).map(room -> OptionalLong.of(resident + room)).orElse(OptionalLong.empty())));
    }

    static OptionalLong number(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(text);
        return matcher.find() ? OptionalLong.of(Long.parseLong(matcher.group(1))) : OptionalLong.empty();
    }

    /** How often the kernel's out-of-memory killer struck since the boot, on the whole machine. */
    static OptionalLong hostOutOfMemoryKills() {
        return outOfMemoryKills(ROOT.resolve("vmstat"));
    }

    /**
     * The file that counts how often it struck in this process' own memory cgroup, in which what it launches lives, too; empty where there
     * is none that can be read. A kill for want of memory on the whole machine counts in its victim's group as well (since Linux 4.13).
     */
    static Optional<Path> groupOutOfMemoryFile() {
        for (String line : read(ROOT.resolve("self/cgroup")).orElse("").split("\n", -1)) {
            String[] parts = line.split(":", 3);
            if (parts.length != 3) {
                continue;
            }
            String inside = parts[2].replaceFirst("^/+", "");
            Optional<Path> file = parts[0].equals("0") && parts[1].isEmpty()
                    ? Optional.of(Path.of("/sys/fs/cgroup", inside, "memory.events"))
                    : List.of(parts[1].split(",", -1)).contains("memory")
                            ? Optional.of(Path.of("/sys/fs/cgroup/memory", inside, "memory.oom_control"))
                            : Optional.empty();
            if (file.isPresent() && outOfMemoryKills(file.get()).isPresent()) {
                return file;
            }
        }
        return Optional.empty();
    }

    private static final Pattern OOM_KILL = Pattern.compile("(?m)^oom_kill (\\d+)$");

    /** Tells a file from another one of its name; 0 where there is none. */
    static long inode(Path file) {
        try {
            return ((Number) Files.getAttribute(file, "unix:ino")).longValue();
        } catch (IOException e) {
            return 0;
        }
    }

    /** What such a file counts now; empty where it can't be read any more. */
    static OptionalLong outOfMemoryKills(Path file) {
        return read(file).map(text -> number(OOM_KILL, text)).orElse(OptionalLong.empty());
    }

    static Path folder(long pid) {
        return ROOT.resolve(Long.toString(pid));
    }

    /** A file's text; empty if it isn't there or can't be read: a process may end at any moment. */
    static Optional<String> read(Path file) {
        try {
            return Optional.of(new String(Files.readAllBytes(file), StandardCharsets.UTF_8));
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
