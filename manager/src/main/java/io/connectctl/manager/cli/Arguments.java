package io.connectctl.manager.cli;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/** Puts the command first, so that {@code connectctl -f x.yaml start} means {@code connectctl start -f x.yaml}. */
final class Arguments {
    private static final Set<String> WITH_VALUE = Set.of("-f", "--file", "-o", "--output");

    private Arguments() {}

    /** The arguments with leading global options moved behind the command, if there is one. */
    static String[] commandFirst(String[] arguments, Collection<String> commands) {
        int at = 0;
        while (at < arguments.length && arguments[at].startsWith("-")) {
            at += WITH_VALUE.contains(arguments[at]) ? 2 : 1;
        }
        if (at == 0 || at >= arguments.length || !commands.contains(arguments[at])) {
            return arguments.clone();
        }
        List<String> ordered = new ArrayList<>();
        ordered.add(arguments[at]);
        for (int i = 0; i < at; i++) {
            // Before a command -f can only be the file, also of logs and events, where it means to follow.
            ordered.add(arguments[i].equals("-f") ? "--file" : arguments[i]);
        }
        ordered.addAll(List.of(arguments).subList(at + 1, arguments.length));
        return ordered.toArray(String[]::new);
    }
}
