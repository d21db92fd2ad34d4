package io.connectctl.manager.cli;

import io.connectctl.manager.client.ApiException;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Does the same to many servers: what one of them refuses keeps none of the others from it, and fails the command at its end. */
final class FirstFailure {
    /** What is done to one server. */
    @FunctionalInterface
    interface Step {
        void run() throws IOException;
    }

    private final CliCommand command;

    private @Nullable IOException first;

    FirstFailure(CliCommand command) {
        this.command = command;
    }

    /**
     * Does it. A failure after the first is warned of, as the command can end with one only.
     *
     * @throws IOException where no other server would fare better: the daemon can't be reached
     */
    void goOn(Step step) throws IOException {
        try {
            step.run();
        } catch (ApiException | CliFailure e) {
            if (first == null) {
                first = e;
            } else {
                command.warn(String.valueOf(e.getMessage()));
            }
        }
    }

    /** Fails with the first failure, if there was any. */
    void rethrow() throws IOException {
        if (first != null) {
            throw first;
        }
    }
}
