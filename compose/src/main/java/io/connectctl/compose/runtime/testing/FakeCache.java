package io.connectctl.compose.runtime.testing;

import io.connectctl.compose.render.LaunchPlan;
import io.connectctl.compose.runtime.Archive;
import io.connectctl.compose.runtime.Archives;
import io.connectctl.compose.runtime.Cache;
import io.connectctl.compose.runtime.CacheEntry;
import io.connectctl.compose.runtime.Endpoint;
import io.connectctl.compose.runtime.Instance;
import io.connectctl.compose.runtime.Training;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.ServerSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;

/** A cache whose archives are what a test says, and whose trainings make one at once, or never. */
public final class FakeCache implements Cache, Archives {
    private volatile Archive archive = new Archive.Missing("key", Optional.empty(), Optional.empty());
    private volatile boolean taken = true;
    private volatile boolean dying;
    private final List<FakeTraining> trainings = new CopyOnWriteArrayList<>();
    private final List<String> failures = new CopyOnWriteArrayList<>();

    /** What every launch finds from now on. */
    public void found(Archive now) {
        archive = now;
    }

    /** Whether JVMs take an archive. */
    public void taken(boolean now) {
        taken = now;
    }

    /** Whether training servers die before they answer. */
    public void dying(boolean now) {
        dying = now;
    }

    /** Every training so far. */
    public List<FakeTraining> trainings() {
        return List.copyOf(trainings);
    }

    /** What was remembered of failed ones. */
    public List<String> failures() {
        return List.copyOf(failures);
    }

    @Override
    public List<CacheEntry> entries() {
        return List.of();
    }

    @Override
    public Archives archives() {
        return this;
    }

    @Override
    public long archiveLimit() {
        return 0;
    }

    @Override
    public List<CacheEntry> prune(Duration unused) {
        return List.of();
    }

    @Override
    public Archive of(LaunchPlan plan) {
        return archive;
    }

    @Override
    public Training train(LaunchPlan plan) {
        FakeTraining training = new FakeTraining(plan);
        trainings.add(training);
        return training;
    }

    @Override
    public void failed(LaunchPlan plan, String why) {
        failures.add(why);
        archive = new Archive.Missing("key", Optional.of(why), Optional.empty());
    }

    @Override
    public boolean used(Instance instance, Archive.Ready ready) {
        return taken;
    }

    /** A training whose server listens at once. */
    public final class FakeTraining implements Training {
        private final LaunchPlan plan;
        private volatile boolean closed;

        private FakeTraining(LaunchPlan plan) {
            this.plan = plan;
        }

        /** True once it was closed. */
        public boolean closed() {
            return closed;
        }

        @Override
        public ServerSpec spec() {
            return plan.spec();
        }

        @Override
        public Instance instance() {
            return new Instance(
                    new ServerName("class-data-archive"),
                    1,
                    "class-data-archive/1/0",
                    OptionalLong.of(1),
                    Optional.empty(),
                    Instant.EPOCH,
                    Optional.empty());
        }

        @Override
        public Optional<String> token() {
            return Optional.empty();
        }

        @Override
        public Endpoint endpoint() {
            return new Endpoint("localhost", OptionalInt.of(1), List.of());
        }

        @Override
        public boolean running() {
            return !dying;
        }

        @Override
        public String lastWords() {
            return "it died";
        }

        @Override
        public long finish(Duration patience) {
            archive = new Archive.Ready("key", Path.of("/cache/use.options"), Path.of("/cache/classes.jsa"));
            return 100L << 20;
        }

        @Override
        public void close() {
            closed = true;
        }
    }
}
