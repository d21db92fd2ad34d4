package io.connectctl.compose.spec;

import java.util.Collection;
import java.util.Locale;
import java.util.Optional;

/** Finds the word that a misspelt one was probably meant to be. */
public final class Nearest {
    private Nearest() {}

    /** The nearest of {@code words}, if it is near enough: a third of the letters may differ, at most three, or it begins so. */
    public static Optional<String> of(String text, Collection<String> words) {
        String beginning = text.toLowerCase(Locale.ROOT);
        Optional<String> begun = words.stream()
                .filter(word ->
                        text.length() >= 3 && word.toLowerCase(Locale.ROOT).startsWith(beginning))
                .findFirst();
        return begun.isPresent() ? begun : of(text, words, Math.min(3, Math.max(1, text.length() / 3)));
    }

    /** The nearest of {@code words} within {@code limit} edits, the first of equals. */
    public static Optional<String> of(String text, Collection<String> words, int limit) {
        if (text.length() > 100) {
            return Optional.empty();
        }
        String wanted = text.toLowerCase(Locale.ROOT);
        String best = "";
        int least = limit + 1;
        for (String word : words) {
            String candidate = word.toLowerCase(Locale.ROOT);
            int distance = distance(wanted, candidate);
            if (distance < least) {
                least = distance;
                best = word;
            }
        }
        return least <= limit ? Optional.of(best) : Optional.empty();
    }

    /** Insertions, deletions, replacements and swaps of neighbours between two words (optimal string alignment). */
    static int distance(String left, String right) {
        int[][] cost = new int[left.length() + 1][right.length() + 1];
        for (int i = 0; i <= left.length(); i++) {
            for (int j = 0; j <= right.length(); j++) {
                if (i == 0 || j == 0) {
                    cost[i][j] = i + j;
                    continue;
                }
                int replaced = cost[i - 1][j - 1] + (left.charAt(i - 1) == right.charAt(j - 1) ? 0 : 1);
                cost[i][j] = Math.min(replaced, 1 + Math.min(cost[i - 1][j], cost[i][j - 1]));
                if (i > 1
                        && j > 1
                        && left.charAt(i - 1) == right.charAt(j - 2)
                        && left.charAt(i - 2) == right.charAt(j - 1)) {
                    cost[i][j] = Math.min(cost[i][j], 1 + cost[i - 2][j - 2]);
                }
            }
        }
        return cost[left.length()][right.length()];
    }
}
