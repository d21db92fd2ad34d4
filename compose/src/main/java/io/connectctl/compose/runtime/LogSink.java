package io.connectctl.compose.runtime;

/** Takes log lines. */
@FunctionalInterface
public interface LogSink {
    /**
     * Takes one line, without its line end.
     *
     * @return false to stop
     */
    boolean line(String line);
}
