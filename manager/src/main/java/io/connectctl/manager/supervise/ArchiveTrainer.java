package io.connectctl.manager.supervise;

import io.connectctl.compose.render.LaunchPlan;
import io.connectctl.compose.runtime.Archive;
import io.connectctl.compose.runtime.Archives;
import io.connectctl.compose.runtime.FirstQuery;
import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.runtime.RuntimeUnavailableException;
import io.connectctl.compose.runtime.Training;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Trains class data archives in the background, one at a time, when nobody waits for a server: after a server that had none
 * answered its first query, or because somebody asked. Ends with the daemon; what failed isn't tried again by itself.
 */
final class ArchiveTrainer {
    private static final Logger LOG = LoggerFactory.getLogger(ArchiveTrainer.class);

    /** Whoever starts one server often starts the next at once; a training would slow it down even at the lowest priority. */
    private static final Duration CALM = Duration.ofSeconds(15);

    private static final Duration LOOK_AGAIN = Duration.ofSeconds(5);
    /** Another daemon on the same cache trains: what it makes may be what is wanted here. */
    private static final Duration OTHERS_TURN = Duration.ofMinutes(1);

    /** It takes a minute on a quiet machine; on one of two cores with a load of 15 it had not begun to write after ten. */
    private static final Duration LIMIT = Duration.ofMinutes(30);

    private static final Duration WRITING = Duration.ofMinutes(15);
    private static final Duration STEP = Duration.ofMillis(250);

    private final Surroundings around;
    private final FirstQuery query;
    private final Executor workers;
    private final BooleanSupplier quiet;
    private final Deque<Wish> wishes = new ArrayDeque<>();
    private boolean training;
    private @Nullable Thread trainer;
    private Time.@Nullable Timer timer;
    private boolean closed;

    /** How to learn what is to be trained for. */
    @FunctionalInterface
    interface Plans {
        LaunchPlan plan() throws LaunchException, InterruptedException;
    }

    /**
     * One training that is wanted.
     *
     * @param unit whose wish it is, to be told
     * @param key what it is for, such as a server's name or an archive's key; two with one key are one
     * @param byHand somebody waits for it: it doesn't wait for a quiet moment, and an earlier failure doesn't count
     */
    record Wish(ServerUnit unit, Archives archives, Plans plans, String key, boolean byHand) {}

    /** @param quiet true while no server starts or stops */
    ArchiveTrainer(Surroundings around, Executor workers, BooleanSupplier quiet) {
        this.around = around;
        this.query = new TrainingQuery(around.ladders(), this::pause, LIMIT);
        this.workers = workers;
        this.quiet = quiet;
    }

    /** Takes a wish; says nothing where it is waiting already. */
    synchronized void want(Wish wish) {
        if (closed || wishes.stream().anyMatch(other -> other.key().equals(wish.key()))) {
            return;
        }
        if (wish.byHand()) {
            wishes.addFirst(wish);
            look();
        } else {
            wishes.addLast(wish);
            lookAfter(CALM);
        }
    }

    private synchronized void lookAfter(Duration delay) {
        if (closed) {
            return;
        }
        if (timer != null) {
            timer.cancel();
        }
        timer = around.time().after(delay, this::look);
    }

    private synchronized void look() {
        Wish next = wishes.peekFirst();
        if (closed || training || next == null) {
            return;
        }
        if (!next.byHand() && !quiet.getAsBoolean()) {
            lookAfter(LOOK_AGAIN);
            return;
        }
        try {
            workers.execute(() -> train(next));
        } catch (RejectedExecutionException e) {
            LOG.debug("no thread for a training now", e);
            lookAfter(LOOK_AGAIN);
            return;
        }
        training = true;
        wishes.remove(next);
    }

    private void train(Wish wish) {
        synchronized (this) {
            if (closed) {
                return;
            }
            trainer = Thread.currentThread();
        }
        Limit limit = new Limit(Thread.currentThread());
        Time.Timer alarm = around.time().after(LIMIT, limit::reach);
        Optional<LaunchPlan> plan = Optional.empty();
        try {
            plan = Optional.of(wish.plans().plan());
            trainNow(wish, plan.get());
        } catch (LaunchException e) {
            failed(wish, plan, e);
        } catch (RuntimeUnavailableException | IOException | RuntimeException e) {
            LOG.debug("{}: a training failed", wish.unit().name(), e);
            failed(wish, plan, failure(String.valueOf(e.getMessage())));
        } catch (InterruptedException e) {
            // Else the daemon ends, which is nobody's failure.
            if (limit.end()) {
                failed(wish, plan, failure("it wasn't done after " + LIMIT.toMinutes() + " min"));
            }
        } finally {
            limit.end();
            alarm.cancel();
            synchronized (this) {
                training = false;
                trainer = null;
                // It was meant for this training, not for whatever this thread does next.
                Thread.interrupted();
            }
            lookAfter(LOOK_AGAIN);
        }
    }

    private void trainNow(Wish wish, LaunchPlan plan)
            throws LaunchException, RuntimeUnavailableException, IOException, InterruptedException {
        ServerUnit unit = wish.unit();
        long begin = around.time().now().boot().toMillis();
        Archive before = wish.archives().of(plan);
        if (before instanceof Archive.Ready) {
            // Another daemon, or another server's wish, was faster.
            unit.news("archive-trained", "the class data archive is there already");
            return;
        }
        if (before instanceof Archive.Unfit unfit) {
            throw failure(unfit.why());
        }
        unit.live(
                "archive",
                "training a class data archive: starting a server of its own, at the lowest priority"
                        // Those that know tokens know an address to bind, too.
                        + (plan.spec().spark().hasToken()
                                ? ""
                                : "; EXPOSED for that minute, as Spark "
                                        + plan.spec().spark() + " binds every interface"));
        try (Training server = wish.archives().train(plan)) {
            query.run(server);
            unit.live("archive", "training a class data archive: its JVM writes it");
            long bytes = server.finish(WRITING);
            long seconds = (around.time().now().boot().toMillis() - begin) / 1000;
            unit.news(
                    "archive-trained",
                    "a class data archive was trained in " + seconds + " s (" + (bytes >> 20)
                            + " MiB): further starts take about half the time");
        }
    }

    private void pause() throws InterruptedException {
        CountDownLatch over = new CountDownLatch(1);
        Time.Timer pause = around.time().after(STEP, over::countDown);
        try {
            over.await();
        } finally {
            pause.cancel();
        }
    }

    private void failed(Wish wish, Optional<LaunchPlan> plan, LaunchException why) {
        if (why.retryable() && !wish.byHand()) {
            LOG.info("{}: {}", wish.unit().name(), why.getMessage());
            around.time().after(OTHERS_TURN, () -> want(wish));
            return;
        }
        if (plan.isPresent() && !why.retryable()) {
            try {
                wish.archives().failed(plan.get(), String.valueOf(why.getMessage()));
            } catch (IOException e) {
                LOG.warn("that a training failed can't be kept, so it will be tried again: {}", e.toString());
            }
        }
        wish.unit()
                .news(
                        "archive-failed",
                        "no class data archive was made; servers start as before: " + why.getMessage()
                                + (wish.byHand()
                                        ? ""
                                        : ". Try again: connectctl cache train "
                                                + wish.unit().name()));
    }

    private static LaunchException failure(String why) {
        return new LaunchException("ARCHIVE_FAILED", why, "", false);
    }

    /** Ends the training that is under way, and starts none any more. Its server ends with it, or with this process. */
    synchronized void close() {
        closed = true;
        wishes.clear();
        if (timer != null) {
            timer.cancel();
        }
        if (trainer != null) {
            trainer.interrupt();
        }
    }

    /** Interrupts a training that takes too long, and nothing else that its thread does. */
    private static final class Limit {
        private final Thread thread;
        private boolean reached;
        private boolean over;

        Limit(Thread thread) {
            this.thread = thread;
        }

        synchronized void reach() {
            if (!over) {
                reached = true;
                thread.interrupt();
            }
        }

        /** True if it was reached. */
        synchronized boolean end() {
            over = true;
            return reached;
        }
    }
}
