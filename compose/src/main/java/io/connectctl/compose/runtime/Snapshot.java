package io.connectctl.compose.runtime;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What an instance that lives and doesn't answer looks like from inside, as far as it could be found out in a few seconds.
 *
 * @param parts texts by the name of the file that they belong into: {@code process.txt} (what the kernel knows of the process and each of
 *     its threads), {@code threads.txt} and {@code heap.txt} (what its JVM told); those that couldn't be had are missing
 * @param remarks why something is missing, a sentence each
 * @param dumpInLog true where the JVM was asked for its threads by SIGQUIT: it writes them and its heap to its log, once it can
 */
public record Snapshot(SortedMap<String, String> parts, List<String> remarks, boolean dumpInLog) {
    /** The threads of a large server take some 500 KiB. */
    public static final int LARGEST = 2 << 20;

    private static final String PART = "@@connectctl ";
    private static final String REMARK = "@@remark ";
    private static final String DUMP_IN_LOG = "@@dump-in-log";

    public Snapshot {
        parts = new TreeMap<>(parts);
        remarks = List.copyOf(remarks);
    }

    /** One that holds nothing, and says why. */
    public static Snapshot nothing(String why) {
        return new Snapshot(new TreeMap<>(), List.of(why), false);
    }

    /**
     * Reads what snapshot.sh printed; what was cut off in the middle is used as far as it goes.
     *
     * @param more a remark of the caller's; empty for none
     */
    public static Snapshot read(String printed, String more) {
        SortedMap<String, String> parts = new TreeMap<>();
        List<String> remarks = new ArrayList<>();
        boolean dumpInLog = false;
        StringBuilder part = new StringBuilder();
        String name = "";
        for (String line : printed.split("\n", -1)) {
            if (line.startsWith(PART)) {
                close(parts, name, part);
                name = line.substring(PART.length()).strip();
                part = new StringBuilder();
            } else if (line.startsWith(REMARK)) {
                remarks.add(line.substring(REMARK.length()).strip());
            } else if (line.equals(DUMP_IN_LOG)) {
                dumpInLog = true;
            } else {
                part.append(line).append('\n');
            }
        }
        close(parts, name, part);
        if (!more.isEmpty()) {
            remarks.add(more);
        }
        return new Snapshot(parts, remarks, dumpInLog);
    }

    private static void close(SortedMap<String, String> parts, String name, StringBuilder part) {
        // A plain name only: it becomes a file's.
        if (name.matches("[a-z]{1,20}\\.txt") && !part.toString().isBlank()) {
            parts.put(name, part.toString());
        }
    }
}
