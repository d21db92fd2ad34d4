package io.connectctl.compose.runtime.process;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** How much more memory a process can take before the kernel's out-of-memory killer looks for a victim. */
final class MemoryRoom {
    /** Sizes in kB; what the kernel itself thinks can be given without swapping. */
    private static final Pattern AVAILABLE = Pattern.compile("(?m)^MemAvailable:\\s+(\\d+) kB");
    /** Given back before anybody is killed. */
    private static final Pattern INACTIVE_FILE = Pattern.compile("(?m)^(?:total_)?inactive_file (\\d+)$");

    private static final Path GROUPS = Path.of("/sys/fs/cgroup");

    private MemoryRoom() {}

    /** The least of what the machine has and what each of the groups that hold the process still has, in bytes; empty where neither is told. */
    static Optional<Long> of(long pid) {
        OptionalLong machine = Proc.read(Path.of("/proc/meminfo"))
                .map(text -> Proc.number(AVAILABLE, text))
                .orElse(OptionalLong.empty());
        Optional<Long> least = machine.isPresent() ? Optional.of(machine.getAsLong() * 1024) : Optional.empty();
        for (String line :
                Proc.read(Proc.folder(pid).resolve("cgroup")).orElse("").split("\n", -1)) {
            String[] parts = line.split(":", 3);
            if (parts.length != 3) {
                continue;
            }
            if (parts[0].equals("0") && parts[1].isEmpty()) {
                least = least(least, chain(GROUPS, parts[2], "memory.max", "memory.current"));
            } else if (List.of(parts[1].split(",", -1)).contains("memory")) {
                least = least(
                        least,
                        chain(GROUPS.resolve("memory"), parts[2], "memory.limit_in_bytes", "memory.usage_in_bytes"));
            }
        }
        return least;
    }

    /** Each group is within the one above it, whose limit holds too. */
    private static Optional<Long> chain(Path root, String inside, String limit, String use) {
        Optional<Long> least = Optional.empty();
        @Nullable Path group = root.resolve(inside.replaceFirst("^/+", "")).normalize();
        while (group != null && group.startsWith(root)) {
            Optional<Long> most = bytes(group.resolve(limit));
            Optional<Long> now = bytes(group.resolve(use));
            // Version 1 tells "none" by a number beyond any memory; then the machine's own room is the least anyway.
            if (most.isPresent() && now.isPresent()) {
                long cache = Proc.read(group.resolve("memory.stat"))
                        .map(text -> Proc.number(INACTIVE_FILE, text))
                        .orElse(OptionalLong.empty())
                        .orElse(0);
                least = least(least, Optional.of(Math.max(0, most.get() - now.get() + cache)));
            }
            group = group.getParent();
        }
        return least;
    }

    /** Empty for {@code max}, which means that there is no limit. */
    private static Optional<Long> bytes(Path file) {
        return Proc.read(file)
                .map(String::strip)
                .filter(text -> text.matches("\\d{1,18}"))
                .map(Long::valueOf);
    }

    private static Optional<Long> least(Optional<Long> one, Optional<Long> other) {
        if (one.isEmpty() || other.isEmpty()) {
            return one.isPresent() ? one : other;
        }
        return Optional.of(Math.min(one.get(), other.get()));
    }
}
