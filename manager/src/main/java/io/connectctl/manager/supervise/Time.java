package io.connectctl.manager.supervise;

import io.connectctl.manager.lifecycle.Now;
import java.time.Duration;

/** Time as the supervisor sees it; tests move it by hand. */
public interface Time {
    /** A task that waits for its moment. */
    interface Timer {
        /** Forgets the task if it hasn't begun. */
        void cancel();
    }

    /** This moment. */
    Now now();

    /** Runs a short task, that must not block, once {@code delay} is over. */
    Timer after(Duration delay, Runnable task);
}
