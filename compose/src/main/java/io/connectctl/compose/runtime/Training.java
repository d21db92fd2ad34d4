package io.connectctl.compose.runtime;

import io.connectctl.compose.spec.ServerSpec;
import java.time.Duration;
import java.util.Optional;

/**
 * One training of a class data archive: a server that runs only to be recorded. Whoever holds it waits until the server
 * answers, runs a query on it, and lets it {@link #finish}. It ends with the process that started it, however that ends.
 */
public interface Training extends AutoCloseable {
    /** What the server was launched with; not what any user declared. */
    ServerSpec spec();

    /** It, as a running instance. */
    Instance instance();

    /** What its clients must know; empty where it asks for nothing. */
    Optional<String> token();

    /** Where it listens. */
    Endpoint endpoint() throws RuntimeUnavailableException, InterruptedException;

    /** False once it ended. */
    boolean running();

    /** The last lines of its log, for an error message. */
    String lastWords();

    /**
     * Ends the server politely, waits until its JVM wrote the archive, and puts that into its place.
     *
     * @param patience how long writing may take
     * @return the archive's size in bytes
     * @throws LaunchException what became of it instead
     */
    long finish(Duration patience) throws LaunchException, InterruptedException;

    /** Kills the server if it still runs, and removes its folder. */
    @Override
    void close();
}
