package io.connectctl.manager.cli;

import java.util.List;
import java.util.Optional;

/** The nearest known word to a misspelt one. */
final class Suggestion {
    private Suggestion() {}

    /** The nearest of {@code known}, if it is near enough to be meant: a third of the word may differ, at most 3. */
    static Optional<String> of(String word, List<String> known) {
        int limit = Math.min(3, Math.max(1, (word.length() + 1) / 3));
        String best = "";
        int least = limit + 1;
        for (String candidate : known) {
            int distance = distance(word, candidate);
            if (distance < least) {
                least = distance;
                best = candidate;
            }
        }
        return least <= limit ? Optional.of(best) : Optional.empty();
    }

    /** Levenshtein's distance with neighbours swapped as one step: the most frequent slip of fingers. */
    private static int distance(String a, String b) {
        int[][] cost = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    cost[i][j] = i + j;
                    continue;
                }
                int same = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                cost[i][j] = Math.min(Math.min(cost[i - 1][j], cost[i][j - 1]) + 1, cost[i - 1][j - 1] + same);
                boolean swapped =
                        i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1);
                if (swapped) {
                    cost[i][j] = Math.min(cost[i][j], cost[i - 2][j - 2] + 1);
                }
            }
        }
        return cost[a.length()][b.length()];
    }
}
