package io.connectctl.manager.supervise;

import io.connectctl.compose.runtime.Instance;
import io.connectctl.health.Observed;
import io.connectctl.health.ui.ConnectActivity;
import io.connectctl.health.ui.RunningOperation;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets the operations that clients run finish before their server is ended. Open sessions aren't waited for: one that its client left
 * without a word counts as open for an hour. Goes on where it can't be told what runs: an end that was asked for mustn't hang on a
 * page of the UI.
 */
final class Drain {
    /** For the interrupts at its end, and for clients to be told of them before the server goes. */
    static final Duration LAST_MOMENTS = Duration.ofSeconds(8);

    private static final Logger LOG = LoggerFactory.getLogger(Drain.class);
    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(500);
    private static final Duration LOOK = Duration.ofSeconds(2);
    /** Sameness is no news, but whoever waits for minutes wants to see that it goes on. */
    private static final Duration TOLD_EVERY = Duration.ofSeconds(5);
    /** A busy UI misses one look; a dead one misses them all. */
    private static final int MISSES = 5;

    /** Ends what is left. */
    @FunctionalInterface
    interface Interrupts {
        void interrupt(List<RunningOperation> left) throws InterruptedException;
    }

    private final ServerUnit unit;
    private final Surroundings around;
    private final Duration patience;
    private final Observed seen;
    private final int incarnation;
    private final Optional<Instance> instance;
    private String told = "";
    private Duration toldAt = Duration.ZERO;

    Drain(ServerUnit unit, Surroundings around, Duration patience) {
        this.unit = unit;
        this.around = around;
        this.patience = patience;
        this.seen = unit.observedNow();
        this.incarnation = unit.state().incarnation();
        this.instance = unit.state().instance();
    }

    /** How long one of this patience takes at most. */
    static Duration limit(Duration patience) {
        return patience.isZero() ? Duration.ZERO : patience.plus(LAST_MOMENTS);
    }

    /** Waits until nothing runs, the time is over, or it can't be told. */
    void run(Interrupts interrupts) throws InterruptedException {
        Duration begin = boot();
        Duration end = begin.plus(patience);
        boolean waited = false;
        int misses = 0;
        while (true) {
            Optional<ConnectActivity> activity;
            try {
                activity = look();
                misses = 0;
            } catch (IOException e) {
                if (++misses >= MISSES || boot().compareTo(end) >= 0) {
                    unit.news("drain", "not drained: it can't be told what runs: " + e.getMessage());
                    return;
                }
                pause(BETWEEN_LOOKS);
                continue;
            }
            if (activity.isEmpty()) {
                unit.news("drain", "not drained: this server doesn't tell what runs (Spark 3.4, or its UI is off)");
                return;
            }
            ConnectActivity now = activity.get();
            if (now.runningRequests() == 0) {
                if (waited) {
                    unit.news("drain", "drained: every operation finished, after " + seconds(boot().minus(begin)));
                }
                return;
            }
            Duration left = end.minus(boot());
            if (left.isNegative() || left.isZero()) {
                unit.news("drain", now.summary() + " after " + seconds(patience) + ": interrupted");
                interrupts.interrupt(now.running());
                awaitInterrupts();
                return;
            }
            waited = true;
            tell(now.summary(), left);
            pause(left.compareTo(BETWEEN_LOOKS) < 0 ? left : BETWEEN_LOOKS);
        }
    }

    private Optional<ConnectActivity> look() throws IOException, InterruptedException {
        return seen.ui().isPresent() && seen.applicationId().isPresent()
                ? EffectRunner.ofClients(
                        around.workload()
                                .look(seen.ui().get(), seen.applicationId().get(), LOOK),
                        instance)
                : Optional.empty();
    }

    /** Clients whose operation was cancelled hear so only while the server lives. */
    private void awaitInterrupts() throws InterruptedException {
        Duration end = boot().plus(LAST_MOMENTS.dividedBy(4));
        while (boot().compareTo(end) < 0) {
            try {
                if (look().filter(now -> now.runningRequests() > 0).isEmpty()) {
                    return;
                }
            } catch (IOException e) {
                LOG.debug("{}: no look after the interrupts", unit.name(), e);
                return;
            }
            pause(BETWEEN_LOOKS);
        }
    }

    private void tell(String summary, Duration left) {
        Duration now = boot();
        if (!summary.equals(told) || now.minus(toldAt).compareTo(TOLD_EVERY) >= 0) {
            told = summary;
            toldAt = now;
            unit.progress(incarnation, "draining: " + summary + ", at most " + seconds(left) + " more");
        }
    }

    private Duration boot() {
        return around.time().now().boot();
    }

    private void pause(Duration time) throws InterruptedException {
        CountDownLatch over = new CountDownLatch(1);
        Time.Timer timer = around.time().after(time, over::countDown);
        try {
            over.await();
        } finally {
            timer.cancel();
        }
    }

    private static String seconds(Duration time) {
        return time.toSeconds() + " s";
    }
}
