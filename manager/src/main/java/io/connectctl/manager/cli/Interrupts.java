package io.connectctl.manager.cli;

/** Lets a command have a last word when a signal ends it. */
@FunctionalInterface
interface Interrupts {
    /** A last word that is still to be said. */
    @FunctionalInterface
    interface Watch {
        /** Nothing is left to say: what was waited for has come. */
        void over();
    }

    /**
     * Runs {@code lastWord} if a signal ends the process before the watch is over. The exit code is the JVM's own: 128 +
     * signal.
     */
    Watch onSignal(Runnable lastWord);

    /** By the JVM's shutdown hooks, which SIGINT, SIGTERM and SIGHUP run. */
    static Interrupts system() {
        return new ByShutdownHook();
    }

    /** No lambda: it is made by every command, and most never use it. */
    final class ByShutdownHook implements Interrupts {
        private ByShutdownHook() {}

        @Override
        public Watch onSignal(Runnable lastWord) {
            Thread hook = new Thread(lastWord, "last-word");
            Runtime.getRuntime().addShutdownHook(hook);
            return () -> {
                try {
                    Runtime.getRuntime().removeShutdownHook(hook);
                } catch (IllegalStateException e) {
                    // The signal came first: it says its last word.
                    return;
                }
            };
        }
    }
}
