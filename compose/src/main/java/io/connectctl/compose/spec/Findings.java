package io.connectctl.compose.spec;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Collects the problems of one declaration, each with its place. */
public final class Findings {
    private final String above;
    private final Declaration declaration;
    private final Rule rule;
    private final List<Problem> problems;

    /**
     * @param above where the declaration stands, such as {@code servers.sales}
     * @param declaration tells the places
     */
    public Findings(String above, Declaration declaration) {
        this(above, declaration, Rule.FIELD, new ArrayList<>());
    }

    private Findings(String above, Declaration declaration, Rule rule, List<Problem> problems) {
        this.above = above;
        this.declaration = declaration;
        this.rule = rule;
        this.problems = problems;
    }

    /** The same collection, for breaches of this rule. */
    public Findings of(Rule broken) {
        return new Findings(above, declaration, broken, problems);
    }

    void error(String pointer, String message) {
        error(pointer, message, Optional.empty());
    }

    void error(String pointer, String message, Optional<String> suggestion) {
        add(Problem.Severity.ERROR, declaration.place(pointer), pointer, message, suggestion, Optional.empty());
    }

    void warning(String pointer, String message) {
        warning(pointer, message, Optional.empty());
    }

    void warning(String pointer, String message, Optional<String> suggestion) {
        add(Problem.Severity.WARNING, declaration.place(pointer), pointer, message, suggestion, Optional.empty());
    }

    /** A key that isn't known: the place is the key's, not its value's. */
    void unknown(String pointer, String message, Optional<String> suggestion) {
        add(Problem.Severity.ERROR, declaration.keyPlace(pointer), pointer, message, suggestion, Optional.empty());
    }

    /** As {@link #unknown}, but a warning. */
    void odd(String pointer, String message, Optional<String> suggestion) {
        add(Problem.Severity.WARNING, declaration.keyPlace(pointer), pointer, message, suggestion, Optional.empty());
    }

    /** Something wrong with a value; its place is the value's. */
    public void value(
            Problem.Severity severity, String pointer, String message, Optional<String> suggestion, String remedy) {
        add(severity, declaration.place(pointer), pointer, message, suggestion, Optional.of(remedy));
    }

    /** Something wrong with a key; its place is the key's. */
    public void key(
            Problem.Severity severity, String pointer, String message, Optional<String> suggestion, String remedy) {
        add(severity, declaration.keyPlace(pointer), pointer, message, suggestion, Optional.of(remedy));
    }

    private void add(
            Problem.Severity severity,
            Optional<Location> place,
            String pointer,
            String message,
            Optional<String> suggestion,
            Optional<String> remedy) {
        String path = pointer.isEmpty()
                ? ""
                : "."
                        + Texts.shown(pointer.substring(1)
                                .replace('/', '.')
                                .replace("~1", "/")
                                .replace("~0", "~"));
        problems.add(new Problem(severity, rule, place, above + path, message, suggestion, remedy));
    }

    /** In the order of the file. */
    public List<Problem> inOrder() {
        List<Problem> sorted = new ArrayList<>(problems);
        sorted.sort(ProjectFile.IN_FILE_ORDER);
        return sorted;
    }
}
