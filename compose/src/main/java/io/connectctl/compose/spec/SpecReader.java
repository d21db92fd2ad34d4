package io.connectctl.compose.spec;

import java.util.List;
import java.util.Optional;

/** From a declaration to a checked spec, or to every problem it has, all at once. */
public final class SpecReader {
    private SpecReader() {}

    /**
     * What reading gave.
     *
     * @param spec the spec; empty if any problem is an ERROR
     * @param problems errors and warnings, in the order of the file
     */
    public record Reading(Optional<ServerSpec> spec, List<Problem> problems) {
        public Reading {
            problems = List.copyOf(problems);
        }
    }

    /** Reads and checks {@code declaration} of the server {@code name}; looks at no disk but javaHome and sparkHome. */
    public static Reading read(ServerName name, Declaration declaration) {
        throw new UnsupportedOperationException("skeleton: " + name + declaration);
    }
}
