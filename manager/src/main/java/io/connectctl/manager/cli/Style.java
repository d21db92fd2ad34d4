package io.connectctl.manager.cli;

/** Colours, where they are wanted. States are always in words: a colour only underlines them. */
record Style(boolean colours) {
    /** Colours on a terminal, unless NO_COLOR (no-color.org), {@code --no-color} or a dumb terminal says otherwise. */
    static Style of(CliContext context, boolean terminal, boolean noColor) {
        return new Style(terminal
                && !noColor
                && context.environment().getOrDefault("NO_COLOR", "").isEmpty()
                && !dumb(context));
    }

    /** Whether the terminal, such as an editor's, shows the codes that others go by. */
    static boolean dumb(CliContext context) {
        return context.environment().getOrDefault("TERM", "").equals("dumb");
    }

    /** A phase in its colour, padding included. */
    String phase(String phase, String text) {
        return switch (phase) {
            case "HEALTHY" -> paint("32", text);
            case "FAILED", "UNHEALTHY" -> paint("31", text);
            case "STARTING", "STOPPING", "BACKING_OFF", "UNKNOWN" -> paint("33", text);
            default -> text;
        };
    }

    String warning(String text) {
        return paint("33", text);
    }

    String strong(String text) {
        return paint("1", text);
    }

    private String paint(String code, String text) {
        return colours ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
    }
}
