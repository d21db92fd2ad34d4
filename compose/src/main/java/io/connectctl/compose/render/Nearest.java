package io.connectctl.compose.render;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** The nearest of some known names to a misspelt one. */
final class Nearest {
    private Nearest() {}

    /** The nearest name, if it is near enough to be what was meant: two characters differ (swapped, for instance), one of a short name, a third of a long one. */
    static Optional<String> to(String name, Collection<String> known) {
        int most = Math.max(name.length() < 4 ? 1 : 2, name.length() / 3);
        return known.stream()
                .filter(candidate -> distance(name, candidate) <= most)
                .min(Comparator.<String>comparingInt(candidate -> distance(name, candidate))
                        .thenComparing(Comparator.naturalOrder()));
    }

    /** Levenshtein's distance: insertions, deletions and replacements. */
    private static int distance(String from, String to) {
        int[] costs = new int[to.length() + 1];
        for (int j = 0; j <= to.length(); j++) {
            costs[j] = j;
        }
        for (int i = 1; i <= from.length(); i++) {
            int diagonal = costs[0];
            costs[0] = i;
            for (int j = 1; j <= to.length(); j++) {
                int replaced = diagonal + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
                diagonal = costs[j];
                costs[j] = Math.min(replaced, 1 + Math.min(costs[j], costs[j - 1]));
            }
        }
        return costs[to.length()];
    }
}
