package io.connectctl.manager.api;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One row of the table of routes.
 *
 * @param method the HTTP method
 * @param pattern the path; a segment in braces stands for any one segment and is handed on by that name
 * @param answer what answers
 */
record Route(String method, String pattern, Answer answer) {
    /** Answers one call, at once or later. */
    @FunctionalInterface
    interface Answer {
        void to(Call call) throws Exception;
    }

    /** The named segments if {@code path} has this route's shape. */
    Optional<Map<String, String>> match(String path) {
        List<String> wanted = List.of(pattern.split("/", -1));
        List<String> given = List.of(path.split("/", -1));
        if (wanted.size() != given.size()) {
            return Optional.empty();
        }
        Map<String, String> named = new HashMap<>();
        for (int i = 0; i < wanted.size(); i++) {
            String segment = wanted.get(i);
            if (segment.startsWith("{") && !given.get(i).isEmpty()) {
                named.put(segment.substring(1, segment.length() - 1), given.get(i));
            } else if (!segment.equals(given.get(i))) {
                return Optional.empty();
            }
        }
        return Optional.of(named);
    }
}
