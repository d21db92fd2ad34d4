package io.connectctl.manager.cli;

import java.io.IOException;
import java.util.Optional;

/** A command failed: what failed, with which value, and what to do next. */
final class CliFailure extends IOException {
    private static final long serialVersionUID = 1L;

    private final ExitCode exit;
    private final String remedy;

    /**
     * @param message what failed; may have further lines
     * @param remedy what to do next; empty where the message says it
     */
    CliFailure(ExitCode exit, String message, String remedy) {
        super(message);
        this.exit = exit;
        this.remedy = remedy;
    }

    static CliFailure usage(String message, String remedy) {
        return new CliFailure(ExitCode.USAGE, message, remedy);
    }

    /** The same failure with another exit code. */
    CliFailure with(ExitCode other) {
        return new CliFailure(other, String.valueOf(getMessage()), remedy);
    }

    ExitCode exit() {
        return exit;
    }

    Optional<String> remedy() {
        return remedy.isEmpty() ? Optional.empty() : Optional.of(remedy);
    }
}
