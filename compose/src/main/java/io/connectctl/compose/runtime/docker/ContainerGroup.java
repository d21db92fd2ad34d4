package io.connectctl.compose.runtime.docker;

import io.connectctl.compose.runtime.Usage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a container of this machine uses, as its control groups (version 1 or 2) say: the engine reads the same files, and takes a second
 * for it where it is older than 20.10.
 */
final class ContainerGroup {
    private static final Path GROUPS = Path.of("/sys/fs/cgroup");

    /** What the kernel may take back at any time isn't used; {@code docker stats} leaves it out, too. */
    private static final Pattern INACTIVE_FILE = Pattern.compile("(?m)^inactive_file (\\d{1,18})$");

    /** With that of the groups below, which version 2 counts in anyway. */
    private static final Pattern TOTAL_INACTIVE_FILE = Pattern.compile("(?m)^total_inactive_file (\\d{1,18})$");

    private static final Pattern MACHINE = Pattern.compile("(?m)^MemTotal:\\s+(\\d{1,15}) kB");

    private static final Pattern MICROSECONDS = Pattern.compile("(?m)^usage_usec (\\d{1,18})$");

    private ContainerGroup() {}

    /**
     * Empty where the process isn't one of the container's, as on an engine elsewhere, or the groups can't be read.
     *
     * @param pid the container's first process, as the engine tells it
     * @param container its whole id
     */
    static Optional<Usage> usage(long pid, String container) {
        return usage(membership(pid), container, GROUPS);
    }

    /** Whether a process of this machine is one of the container's; the number alone says nothing where the engine is elsewhere. */
    static boolean holds(long pid, String container) {
        return membership(pid).filter(text -> text.contains(container)).isPresent();
    }

    private static Optional<String> membership(long pid) {
        return pid <= 0 ? Optional.empty() : text(Path.of("/proc", Long.toString(pid), "cgroup"));
    }

    /**
     * @param membership the text of {@code /proc/PID/cgroup}
     * @param root where control groups are mounted
     */
    static Optional<Usage> usage(Optional<String> membership, String container, Path root) {
        Map<String, Path> groups = new LinkedHashMap<>();
        for (String line : membership.orElse("").split("\n", -1)) {
            String[] parts = line.split(":", 3);
            if (parts.length == 3 && parts[2].contains(container)) {
                String inside = parts[2].replaceFirst("^/+", "");
                if (parts[1].isEmpty()) {
                    groups.put("", root.resolve(inside).normalize());
                }
                // Controllers that are mounted together have a link of each one's name.
                for (String controller : parts[1].split(",", -1)) {
                    groups.putIfAbsent(
                            controller, root.resolve(controller).resolve(inside).normalize());
                }
            }
        }
        Path memory = groups.getOrDefault("memory", groups.get(""));
        return memory == null || !memory.startsWith(root)
                ? Optional.empty()
                : groups.containsKey("memory") ? versionOne(memory, groups) : versionTwo(memory);
    }

    private static Optional<Usage> versionOne(Path memory, Map<String, Path> groups) {
        Path processor = groups.get("cpuacct");
        Path processes = groups.get("pids");
        OptionalLong nanoseconds =
                processor == null ? OptionalLong.empty() : number(processor.resolve("cpuacct.usage"));
        return usage(
                number(memory.resolve("memory.usage_in_bytes")),
                limit(memory, "memory.limit_in_bytes"),
                text(memory.resolve("memory.stat")),
                nanoseconds,
                processes == null ? OptionalLong.empty() : number(processes.resolve("pids.current")));
    }

    private static Optional<Usage> versionTwo(Path group) {
        OptionalLong microseconds = found(MICROSECONDS, text(group.resolve("cpu.stat")));
        return usage(
                number(group.resolve("memory.current")),
                limit(group, "memory.max"),
                text(group.resolve("memory.stat")),
                microseconds.isPresent() ? OptionalLong.of(microseconds.getAsLong() * 1000) : microseconds,
                number(group.resolve("pids.current")));
    }

    private static Optional<Usage> usage(
            OptionalLong used,
            OptionalLong limit,
            Optional<String> detail,
            OptionalLong cpuNanos,
            OptionalLong threads) {
        if (used.isEmpty() || cpuNanos.isEmpty() || threads.orElse(0) == 0) {
            return Optional.empty();
        }
        return Optional.of(new Usage(
                Math.max(
                        0,
                        used.getAsLong()
                                - found(TOTAL_INACTIVE_FILE, detail)
                                        .orElse(found(INACTIVE_FILE, detail).orElse(0))),
                Duration.ofNanos(cpuNanos.getAsLong()),
                (int) threads.getAsLong(),
                0,
                limit));
    }

    /** The least of its own limit, of those of the groups around it, and of what this machine has, as an engine tells it. */
    private static OptionalLong limit(Path group, String file) {
        OptionalLong least = found(MACHINE, text(Path.of("/proc/meminfo")));
        least = least.isPresent() ? OptionalLong.of(least.getAsLong() * 1024) : least;
        for (Path each = group; each != null && each.getNameCount() > 0; each = each.getParent()) {
            OptionalLong limit = number(each.resolve(file));
            if (limit.isPresent() && limit.getAsLong() < least.orElse(Long.MAX_VALUE)) {
                least = limit;
            }
        }
        return least;
    }

    /** Empty for {@code max}, which means that there is no limit. */
    private static OptionalLong number(Path file) {
        Optional<String> text = text(file).map(String::strip).filter(each -> each.matches("\\d{1,18}"));
        return text.isPresent() ? OptionalLong.of(Long.parseLong(text.get())) : OptionalLong.empty();
    }

    private static OptionalLong found(Pattern pattern, Optional<String> text) {
        Matcher matcher = pattern.matcher(text.orElse(""));
        return matcher.find() ? OptionalLong.of(Long.parseLong(matcher.group(1))) : OptionalLong.empty();
    }

    private static Optional<String> text(Path file) {
        try {
            return Optional.of(Files.readString(file));
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
