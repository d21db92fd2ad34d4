package io.connectctl.manager.supervise;

import io.connectctl.compose.spec.ServerSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What of a running server is otherwise than it would be if it were launched now. Pure. A key of the declaration changes files, too;
 * so files are compared with what the <em>old</em> declaration renders now: what differs there is the work of somebody who changed a
 * template, and no key is told twice.
 */
final class Drift {
    /** Of a fingerprint: enough to see that it is another one. */
    private static final int SHOWN = 12;

    private Drift() {}

    /**
     * The changes, declared keys first.
     *
     * @param live what runs
     * @param declared what would be launched now
     * @param launched what the running instance was made of; empty where that isn't known
     * @param now what {@code live} would be made of now; a kind that can't be told now is empty
     */
    static List<Change> of(ServerSpec live, ServerSpec declared, Optional<LaunchRecord> launched, LaunchRecord now) {
        List<Change> changes = new ArrayList<>(Differences.between(live, declared));
        if (launched.isPresent()) {
            List<Change> beside = new ArrayList<>(between(launched.get().files(), now.files(), true));
            beside.addAll(between(launched.get().ingredients(), now.ingredients(), false));
            beside.stream()
                    .filter(change ->
                            changes.stream().noneMatch(known -> known.key().equals(change.key())))
                    .toList()
                    .forEach(changes::add);
        }
        return List.copyOf(changes);
    }

    /**
     * @param whole whether what is missing in {@code now} is gone; else it couldn't be told
     */
    private static List<Change> between(Map<String, String> old, Map<String, String> now, boolean whole) {
        if (now.isEmpty()) {
            return List.of();
        }
        SortedMap<String, String> all = new TreeMap<>(old);
        all.putAll(now);
        List<Change> changes = new ArrayList<>();
        for (String key : all.keySet()) {
            String from = old.getOrDefault(key, Differences.ABSENT);
            String to = now.getOrDefault(key, Differences.ABSENT);
            boolean known = whole || (old.containsKey(key) && now.containsKey(key));
            if (known && !from.equals(to)) {
                changes.add(new Change(key, shown(from), shown(to), true));
            }
        }
        return changes;
    }

    private static String shown(String print) {
        if (print.equals(Differences.ABSENT)) {
            return print;
        }
        int end = print.indexOf(':') + 1 + SHOWN;
        return print.length() <= end ? print : print.substring(0, end);
    }
}
