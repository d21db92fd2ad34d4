package io.connectctl.compose.runtime.process;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/** Whether a process is kept from running by somebody, which no probe of it can tell from a process that is busy or wedged. */
public final class Suspension {
    private Suspension() {}

    /**
     * Looks at a process and at those below it: the first one of a container is its init.
     *
     * @return what stopped it and how it goes on, as people read it; empty where none of them is stopped
     */
    public static Optional<String> of(long pid) {
        List<Proc.Stat> all = Proc.all();
        Deque<Long> toLookAt = new ArrayDeque<>(List.of(pid));
        while (!toLookAt.isEmpty()) {
            long next = toLookAt.remove();
            for (Proc.Stat process : all) {
                if (process.pid() == next && process.state() == 'T') {
                    return Optional.of("a signal (SIGSTOP) stopped its process " + next + "; `kill -CONT " + next
                            + "` lets it go on");
                }
                if (process.pid() == next && process.state() == 't') {
                    return Optional.of("a debugger holds its process " + next + "; detach it to let it go on");
                }
                if (process.parent() == next) {
                    toLookAt.add(process.pid());
                }
            }
        }
        return Optional.empty();
    }
}
