package io.connectctl.manager.supervise;

import io.connectctl.compose.runtime.Instance;
import io.connectctl.health.Observed;
import io.connectctl.health.ui.ConnectActivity;
import io.connectctl.health.ui.RunningOperation;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets the operations that clients run finish, and their answers be taken, before their server is ended. Open sessions aren't waited
 * for: one that its client left without a word counts as open for an hour. Goes on where it can't be told what runs: an end that was
 * asked for mustn't hang on a page of the UI.
 */
final class Drain {
    /** For the interrupts at its end, and for clients to be told of them before the server goes. */
    static final Duration LAST_MOMENTS = Duration.ofSeconds(8);

    /** Nobody may allow for more. */
    static final Duration LONGEST = Duration.ofDays(1);
    /** Of a drain as a whole, however often it was given another time: the lifecycle's deadline ends one that hangs. */
    static final Duration LIMIT = LONGEST.multipliedBy(2);

    private static final Logger LOG = LoggerFactory.getLogger(Drain.class);
    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(500);
    private static final Duration LOOK = Duration.ofSeconds(2);
    /** Sameness is no news, but whoever waits for minutes wants to see that it goes on. */
    private static final Duration TOLD_EVERY = Duration.ofSeconds(5);
    /**
     * For clients to take the answers of what has ended, counted anew whenever one does. An operation ends before its client has read
     * all of it; and a client that was killed, or holds an iterator that it doesn't read, never does: Spark itself waits five minutes
     * for those.
     */
    static final Duration DELIVERY = Duration.ofSeconds(30);
    /**
     * From when no operation is open any more, after some were interrupted: the JVM client asks for the details of its error
     * (FetchErrorDetails) once it has released the operation, and without an answer tries that for ten minutes, silently.
     */
    private static final Duration DETAILS = Duration.ofSeconds(2);

    /** A busy UI misses one look; a dead one misses them all. */
    private static final int MISSES = 5;

    /** Ends what is left. */
    @FunctionalInterface
    interface Interrupts {
        void interrupt(List<RunningOperation> left) throws InterruptedException;
    }

    private final ServerUnit unit;
    private final Surroundings around;
    private final Observed seen;
    private final int incarnation;
    private final Optional<Instance> instance;
    private final Duration begin;
    private volatile Duration end;
    private String told = "";
    private Duration toldAt = Duration.ZERO;

    Drain(ServerUnit unit, Surroundings around, Duration patience) {
        this.unit = unit;
        this.around = around;
        this.seen = unit.observedNow();
        this.incarnation = unit.state().incarnation();
        this.instance = unit.state().instance();
        this.begin = around.time().now().boot();
        this.end = begin.plus(patience);
    }

    /** From now on what runs may take this long, whatever was said before; none at all interrupts it. */
    void within(Duration patience) {
        end = boot().plus(patience);
    }

    /** How long it may last yet. */
    Duration left() {
        Duration left = end.minus(boot());
        return left.isNegative() ? Duration.ZERO : left;
    }

    /** Waits until nothing runs and every answer was taken, the time is over, or it can't be told. */
    void run(Interrupts interrupts) throws InterruptedException {
        Set<RunningOperation> untaken = Set.of();
        Duration takenLast = begin;
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
            boolean runs = now.runningRequests() > 0;
            if (!runs && now.undelivered().isEmpty()) {
                if (waited) {
                    unit.news("drain", "drained: every operation finished, after " + elapsed());
                }
                return;
            }
            if (runs || !untaken.equals(Set.copyOf(now.undelivered()))) {
                untaken = runs ? Set.of() : Set.copyOf(now.undelivered());
                takenLast = boot();
            }
            Duration left = end.minus(boot());
            if (runs && left.compareTo(Duration.ZERO) <= 0) {
                unit.news("drain", now.summary() + " after " + seconds(end.minus(begin)) + ": interrupted");
                interrupts.interrupt(now.running());
                awaitAnswersTaken();
                pause(DETAILS);
                return;
            }
            if (!runs) {
                left = sooner(left, takenLast.plus(DELIVERY).minus(boot()));
                if (left.compareTo(Duration.ZERO) <= 0) {
                    giveUpOnAnswers();
                    return;
                }
            }
            waited = true;
            tell(runs ? now.summary() : now.undeliveredSummary(), left);
            pause(sooner(left, BETWEEN_LOOKS));
        }
    }

    private void giveUpOnAnswers() throws InterruptedException {
        String after = elapsed();
        String late = awaitAnswersTaken()
                .filter(now -> !now.undelivered().isEmpty())
                .map(now -> "; " + now.undeliveredSummary() + " by now, which isn't waited for any longer")
                .orElse("");
        unit.news("drain", "drained: every operation finished, after " + after + late);
    }

    private static Duration sooner(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }

    private Optional<ConnectActivity> look() throws IOException, InterruptedException {
        return seen.ui().isPresent() && seen.applicationId().isPresent()
                ? EffectRunner.ofClients(
                        around.workload()
                                .look(seen.ui().get(), seen.applicationId().get(), LOOK),
                        instance)
                : Optional.empty();
    }

    /**
     * The time is over: a moment all the same, for clients to hear of an operation's end. They hear so only while the server lives.
     *
     * @return what there was at the last look; empty where it can't be told
     */
    private Optional<ConnectActivity> awaitAnswersTaken() throws InterruptedException {
        Duration over = boot().plus(LAST_MOMENTS.dividedBy(2));
        while (true) {
            Optional<ConnectActivity> last = Optional.empty();
            boolean open = true;
            try {
                last = look();
                open = last.filter(now ->
                                now.runningRequests() > 0 || !now.undelivered().isEmpty())
                        .isPresent();
            } catch (IOException e) {
                // A UI that is busy says nothing of what its clients still wait for.
                LOG.debug("{}: no last look", unit.name(), e);
            }
            if (!open || boot().compareTo(over) >= 0) {
                return last;
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

    private String elapsed() {
        return seconds(boot().minus(begin));
    }

    private static String seconds(Duration time) {
        return time.toSeconds() + " s";
    }
}
