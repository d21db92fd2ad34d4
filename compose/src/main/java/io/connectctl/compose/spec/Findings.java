package io.connectctl.compose.spec;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Collects the problems of one declaration, each with its place. */
final class Findings {
    private final String above;
    private final Declaration declaration;
    private final List<Problem> problems = new ArrayList<>();

    Findings(String above, Declaration declaration) {
        this.above = above;
        this.declaration = declaration;
    }

    void error(String pointer, String message) {
        error(pointer, message, Optional.empty());
    }

    void error(String pointer, String message, Optional<String> suggestion) {
        add(Problem.Severity.ERROR, declaration.place(pointer), pointer, message, suggestion);
    }

    void warning(String pointer, String message) {
        warning(pointer, message, Optional.empty());
    }

    void warning(String pointer, String message, Optional<String> suggestion) {
        add(Problem.Severity.WARNING, declaration.place(pointer), pointer, message, suggestion);
    }

    /** A key that isn't known: the place is the key's, not its value's. */
    void unknown(String pointer, String message, Optional<String> suggestion) {
        add(Problem.Severity.ERROR, declaration.keyPlace(pointer), pointer, message, suggestion);
    }

    /** As {@link #unknown}, but a warning. */
    void odd(String pointer, String message, Optional<String> suggestion) {
        add(Problem.Severity.WARNING, declaration.keyPlace(pointer), pointer, message, suggestion);
    }

    private void add(
            Problem.Severity severity,
            Optional<Location> place,
            String pointer,
            String message,
            Optional<String> suggestion) {
        String path = pointer.substring(1).replace('/', '.').replace("~1", "/").replace("~0", "~");
        problems.add(new Problem(severity, place, above + "." + Texts.shown(path), message, suggestion));
    }

    /** In the order of the file. */
    List<Problem> inOrder() {
        List<Problem> sorted = new ArrayList<>(problems);
        sorted.sort(ProjectFile.IN_FILE_ORDER);
        return sorted;
    }
}
