package io.connectctl.manager.supervise;

import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.manager.cluster.Clusters;
import io.connectctl.manager.cluster.YarnApplication;
import io.connectctl.manager.cluster.YarnRoom;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;

/** A cluster on which one application runs, until somebody kills it. */
final class LeftOnCluster implements Clusters {
    private final List<Orphan> left = new CopyOnWriteArrayList<>();
    private final Set<String> tags;
    private final Semaphore leave = new Semaphore(0);
    private volatile boolean silent;
    private volatile boolean asked;
    private volatile boolean hangs;
    private volatile int containers;
    private final AtomicInteger looks = new AtomicInteger();

    LeftOnCluster(ServerName server, String application, String... tags) {
        this.tags = Set.of(tags);
        left.add(new Orphan(server, application, "/etc/hadoop/conf"));
    }

    /** One more runs. */
    void add(ServerName server, String application) {
        left.add(new Orphan(server, application, "/etc/hadoop/conf"));
    }

    /** Whether it can't be asked. */
    void silent(boolean now) {
        silent = now;
    }

    /** What still runs. */
    List<Orphan> left() {
        return left;
    }

    @Override
    public Map<String, String> variables(ServerSpec spec, int incarnation) {
        return Map.of();
    }

    @Override
    public Optional<YarnApplication> application(ServerSpec spec, int incarnation, Instant launchedAt) {
        if (hangs) {
            looks.incrementAndGet();
            leave.acquireUninterruptibly();
        }
        return containers == 0
                ? Optional.empty()
                : Optional.of(new YarnApplication(
                        "application_1_0009",
                        "RUNNING",
                        "UNDEFINED",
                        "root.default",
                        "",
                        Optional.empty(),
                        launchedAt,
                        tags,
                        containers,
                        1024));
    }

    @Override
    public Optional<YarnRoom> room(ServerSpec spec) {
        return Optional.empty();
    }

    @Override
    public Optional<String> nobodyListens(ServerSpec spec) {
        return Optional.empty();
    }

    @Override
    public Optional<String> silence(ServerSpec spec) {
        return Optional.empty();
    }

    /** True once a server's application waits for its leave. */
    boolean asked() {
        return asked;
    }

    /** From now on every server has an application with so many containers, its master's included. */
    void containers(int now) {
        containers = now;
    }

    /** From now on whoever looks for an application waits for {@link #answers}. */
    void hangs() {
        hangs = true;
    }

    /** From now on it answers again, also those who wait. */
    void answers() {
        hangs = false;
        leave.release(looks.get());
    }

    /** How many looks for an application hung. */
    int looks() {
        return looks.get();
    }

    /** Lets one server's application take leave. */
    void leave() {
        leave.release();
    }

    @Override
    public List<String> end(ServerSpec spec) throws InterruptedException {
        if (left.stream().anyMatch(orphan -> orphan.server().equals(spec.name()))) {
            asked = true;
            leave.acquire();
            left.removeIf(orphan -> orphan.server().equals(spec.name()));
        }
        return List.of();
    }

    @Override
    public Search orphans(Predicate<Owned> lives) {
        if (silent) {
            return new Search(List.of(), Map.of("/etc/hadoop/conf", "no ResourceManager answers"));
        }
        return new Search(
                left.stream()
                        .filter(orphan -> !lives.test(new Owned(orphan.server(), orphan.id(), tags)))
                        .toList(),
                Map.of());
    }

    @Override
    public void end(Orphan orphan) throws IOException {
        if (!left.remove(orphan)) {
            throw new IOException(orphan.id() + " doesn't run");
        }
    }
}
