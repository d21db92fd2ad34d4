package io.connectctl.manager.supervise.testing;

import io.connectctl.manager.lifecycle.Now;
import io.connectctl.manager.supervise.Time;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.PriorityQueue;

/** Time that stands still until a test moves it. Due tasks run on the thread that moves it, in the order of their moments. */
public final class ManualTime implements Time {
    private record Task(Duration due, long order, Runnable work) {}

    private final PriorityQueue<Task> tasks =
            new PriorityQueue<>(Comparator.comparing(Task::due).thenComparing(Task::order));
    private Duration boot = Duration.ofHours(1);
    private Instant wall = Instant.parse("2026-01-01T00:00:00Z");
    private long order;

    @Override
    public synchronized Now now() {
        return new Now(boot, wall);
    }

    @Override
    public synchronized Timer after(Duration delay, Runnable work) {
        Task task = new Task(boot.plus(delay.isNegative() ? Duration.ZERO : delay), order++, work);
        tasks.add(task);
        return () -> {
            synchronized (this) {
                tasks.remove(task);
            }
        };
    }

    /** Moves time forward, running every task on the way at its own moment. */
    public void advance(Duration by) {
        Duration end;
        synchronized (this) {
            end = boot.plus(by);
        }
        while (true) {
            Runnable work;
            synchronized (this) {
                Task next = tasks.peek();
                if (next == null || next.due().compareTo(end) > 0) {
                    moveTo(end);
                    return;
                }
                tasks.remove(next);
                moveTo(next.due());
                work = next.work();
            }
            work.run();
        }
    }

    /** Sets the wall clock forward, or back by a negative time: nothing comes due by that. */
    public synchronized void setWallClock(Duration by) {
        wall = wall.plus(by);
    }

    private void moveTo(Duration moment) {
        if (moment.compareTo(boot) > 0) {
            wall = wall.plus(moment.minus(boot));
            boot = moment;
        }
    }
}
