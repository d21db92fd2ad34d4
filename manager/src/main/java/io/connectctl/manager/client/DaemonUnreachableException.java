package io.connectctl.manager.client;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;

/** The daemon can't be reached: names the socket, why, and what to do. */
public final class DaemonUnreachableException extends IOException {
    private static final long serialVersionUID = 1L;

    /** What stands in the way. */
    public enum Reason {
        /** No daemon listens: there is no socket, or nobody behind it. */
        NOT_RUNNING,
        /** The socket belongs to another user. */
        FORBIDDEN,
        /** It listens and doesn't answer in time, or not as a connectctl daemon does. */
        NO_ANSWER,
        /** It was asked to start and didn't. */
        NOT_STARTED
    }

    private final Reason reason;
    private final String remedy;

    /**
     * @param reason what stands in the way
     * @param message what failed, with the socket's path
     * @param remedy what to do next
     * @param cause the failure below, if there is one
     */
    public DaemonUnreachableException(Reason reason, String message, String remedy, @Nullable Throwable cause) {
        super(message, cause);
        this.reason = reason;
        this.remedy = remedy;
    }

    static DaemonUnreachableException notRunning(Path socket, @Nullable Throwable cause) {
        return new DaemonUnreachableException(
                Reason.NOT_RUNNING,
                "the daemon isn't running: nothing listens on " + socket,
                "start it: connectctl daemon start (servers that run are found again)",
                cause);
    }

    /**
     * Somebody stopped it on purpose, so a command that only looks doesn't start it.
     *
     * @param socket where it would listen
     * @param since when it was stopped
     */
    public static DaemonUnreachableException stopped(Path socket, Instant since) {
        return new DaemonUnreachableException(
                Reason.NOT_RUNNING,
                "the daemon isn't running: it was stopped on purpose at " + since.truncatedTo(ChronoUnit.SECONDS)
                        + ", and nothing listens on " + socket,
                "start it: connectctl daemon start (servers that run are found again)",
                null);
    }

    static DaemonUnreachableException noAnswer(Path socket, String why, @Nullable Throwable cause) {
        return new DaemonUnreachableException(
                Reason.NO_ANSWER,
                "the daemon on " + socket + " didn't answer: " + why,
                "what it does is told by: connectctl daemon status",
                cause);
    }

    /** What stands in the way. */
    public Reason reason() {
        return reason;
    }

    /** What to do next. */
    public String remedy() {
        return remedy;
    }
}
