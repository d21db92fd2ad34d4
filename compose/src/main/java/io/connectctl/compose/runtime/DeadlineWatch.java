package io.connectctl.compose.runtime;

/**
 * Watches over the {@link Deadline}s of a state folder from a process of its own, which outlives the daemon, and removes what a leased
 * server has on this machine once its deadline is over and nobody else did: see deadlines.sh.
 */
public interface DeadlineWatch {
    /** Watches over nothing: where no server is ever launched. */
    DeadlineWatch NONE = new DeadlineWatch() {
        @Override
        public void start() {}

        @Override
        public void close() {}
    };

    /** Over the servers of these folders. */
    static DeadlineWatch over(Folders folders) {
        return new DeadlineShell(folders);
    }

    /**
     * To be called after a deadline was written for the first time: from then on it is watched over, by this process or the one that
     * runs already. Where none can be started only a daemon removes the folder.
     */
    void start();

    /** Ends it; to be called where nothing is leased. It ends by itself some seconds after that, too. */
    void close();
}
