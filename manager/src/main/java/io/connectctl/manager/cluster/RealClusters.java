package io.connectctl.manager.cluster;

import io.connectctl.compose.runtime.Installation;
import io.connectctl.compose.spec.HadoopConf;
import io.connectctl.compose.spec.MasterUrl;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.ServerSpec;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@link Clusters} that are real: YARN is asked, and whether a standalone master is there. Spark standalone and Kubernetes end an
 * application with its driver by themselves.
 */
public final class RealClusters implements Clusters {
    private static final Logger LOG = LoggerFactory.getLogger(RealClusters.class);

    /** From a driver's leave to the end of its application in YARN: a heartbeat of its master (3 s by default), and some. */
    private static final long LEAVE_NANOS = TimeUnit.SECONDS.toNanos(6);

    private static final long LOOK_MILLIS = 200;

    /** A machine of the same network answers in milliseconds. */
    private static final Duration CONNECT = Duration.ofSeconds(2);

    /** Remembers every Hadoop configuration that a server was launched with: gc looks there for what is left. */
    private static final String USED = "hadoop-confs";

    private final Path state;
    private final String user;

    /**
     * @param state the state folder
     * @param user who asks
     */
    public RealClusters(Path state, String user) {
        this.state = state;
        this.user = user;
    }

    private static boolean onYarn(ServerSpec spec) {
        return spec.master().equals("yarn");
    }

    private static Optional<Path> conf(ServerSpec spec) {
        // What a container's variables name is a folder of its image's, which this machine hasn't, or has another of.
        boolean here = !spec.runtime().equals("docker");
        return spec.cluster().hadoopConf().or(() -> Stream.of("HADOOP_CONF_DIR", "YARN_CONF_DIR")
                .filter(variable -> here && spec.env().containsKey(variable))
                .map(variable -> Path.of(spec.env().get(variable)))
                .findFirst());
    }

    private ResourceManager manager(Path conf, Map<String, String> declared) throws IOException {
        return new ResourceManager(HadoopConf.of(conf, declared).managers(), user);
    }

    private Optional<ResourceManager> manager(ServerSpec spec) throws IOException {
        Optional<Path> conf = onYarn(spec) ? conf(spec) : Optional.empty();
        return conf.isEmpty() ? Optional.empty() : Optional.of(manager(conf.get(), spec.env()));
    }

    private YarnTags tags(ServerSpec spec) throws IOException {
        return new YarnTags(Installation.of(state), spec.name().value());
    }

    @Override
    public Map<String, String> variables(ServerSpec spec, int incarnation) {
        if (!onYarn(spec)) {
            return Map.of();
        }
        try {
            remember(spec);
            return Map.of("CONNECTCTL_YARN_TAGS", tags(spec).forLaunch(incarnation));
        } catch (IOException e) {
            // It runs all the same, and nobody will know its application again.
            LOG.warn("{}: its application gets no tags: {}", spec.name(), e.toString());
            return Map.of();
        }
    }

    private synchronized void remember(ServerSpec spec) throws IOException {
        Optional<Path> conf = conf(spec);
        if (conf.isPresent() && !used().contains(conf.get().toString())) {
            Files.writeString(
                    state.resolve(USED),
                    conf.get() + "\n",
                    StandardCharsets.UTF_8,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND);
        }
    }

    private Set<String> used() throws IOException {
        Path file = state.resolve(USED);
        return Files.exists(file) ? new TreeSet<>(Files.readAllLines(file, StandardCharsets.UTF_8)) : new TreeSet<>();
    }

    @Override
    public Optional<YarnApplication> application(ServerSpec spec, int incarnation, Instant launchedAt)
            throws IOException {
        Optional<ResourceManager> manager = manager(spec);
        if (manager.isEmpty()) {
            return Optional.empty();
        }
        YarnTags tags = tags(spec);
        return own(manager.get().tagged(tags.ofServer()), tags.ofIncarnation(incarnation), launchedAt);
    }

    /**
     * Which of a server's applications is an incarnation's.
     *
     * @param oldestFirst all that the server's tags name
     */
    static Optional<YarnApplication> own(List<YarnApplication> oldestFirst, String tag, Instant launchedAt) {
        Optional<YarnApplication> tagged = Optional.empty();
        Optional<YarnApplication> other = Optional.empty();
        for (YarnApplication each : oldestFirst) {
            boolean younger = !each.startedAt().isBefore(launchedAt);
            // Before a launch all that lived was ended, so what lives is its own, even if the cluster's clock is
            // behind.
            if (each.tags().contains(tag) && (younger || !each.over())) {
                tagged = Optional.of(each);
            } else if (younger && !each.over()) {
                // A container that was started again is another incarnation, with the tags of the one it was made for.
                other = Optional.of(each);
            }
        }
        Optional<YarnApplication> second = other;
        Optional<YarnApplication> first = tagged;
        return first.filter(each -> !each.over()).or(() -> second).or(() -> first);
    }

    @Override
    public Optional<YarnRoom> room(ServerSpec spec) throws IOException {
        Optional<ResourceManager> manager = manager(spec);
        return manager.isEmpty() ? Optional.empty() : Optional.of(manager.get().room());
    }

    @Override
    public Optional<String> silence(ServerSpec spec) {
        if (onYarn(spec)) {
            try {
                room(spec);
                return Optional.empty();
            } catch (ResourceManagerException e) {
                return Clusters.silence(e);
            } catch (IOException e) {
                return Optional.empty(); // Its configuration can't be read: nobody can tell.
            }
        }
        return silentMasters(spec, IOException.class);
    }

    @Override
    public Optional<String> nobodyListens(ServerSpec spec) {
        if (!onYarn(spec)) {
            return silentMasters(spec, ConnectException.class);
        }
        try {
            room(spec);
            return Optional.empty();
        } catch (ResourceManagerException e) {
            return e.nobodyListens() ? Clusters.silence(e) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Why none of its standalone masters answers, if each fails in such a way. */
    private static Optional<String> silentMasters(ServerSpec spec, Class<? extends IOException> way) {
        List<String> masters = MasterUrl.standalones(spec.master());
        List<String> refusals = new ArrayList<>();
        for (String master : masters) {
            // Its port is Spark's own RPC: a connection that is closed again is all that it takes from anybody else.
            try (Socket socket = new Socket()) {
                URI address = URI.create("spark://" + master);
                socket.connect(new InetSocketAddress(address.getHost(), address.getPort()), (int) CONNECT.toMillis());
                return Optional.empty();
            } catch (IOException e) {
                if (!way.isInstance(e)) {
                    return Optional.empty();
                }
                refusals.add(master + ": " + e.getMessage());
            }
        }
        return refusals.isEmpty()
                ? Optional.empty()
                : Optional.of("no standalone master answers: " + String.join("; ", refusals));
    }

    @Override
    public List<String> end(ServerSpec spec) throws IOException, InterruptedException {
        Optional<ResourceManager> manager = manager(spec);
        if (manager.isEmpty()) {
            return List.of();
        }
        String tag = tags(spec).ofServer();
        long until = System.nanoTime() + LEAVE_NANOS;
        List<YarnApplication> left = living(manager.get(), tag);
        while (!left.isEmpty() && System.nanoTime() < until) {
            TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
            left = living(manager.get(), tag);
        }
        List<String> killed = new ArrayList<>();
        for (YarnApplication application : left) {
            manager.get().kill(application.id());
            killed.add(application.id());
        }
        return killed;
    }

    private static List<YarnApplication> living(ResourceManager manager, String tag) throws IOException {
        return manager.tagged(tag).stream()
                .filter(application -> !application.over())
                .toList();
    }

    @Override
    public Search orphans(Predicate<Owned> lives) throws IOException {
        List<Orphan> orphans = new ArrayList<>();
        Map<String, String> unasked = new TreeMap<>();
        Set<String> confs = used();
        // Nothing of this installation was ever on a cluster: it needn't be given an id to look by.
        String installation = confs.isEmpty() ? "" : Installation.of(state);
        for (String conf : confs) {
            if (!Files.isDirectory(Path.of(conf))) {
                // Whether its cluster is gone, too, nobody can say.
                unasked.put(
                        conf,
                        "the folder is gone; if the cluster is, too, remove its line from " + state.resolve(USED));
                continue;
            }
            try {
                for (YarnApplication application :
                        living(manager(Path.of(conf), Map.of()), YarnTags.ofInstallation(installation))) {
                    Optional<ServerName> server = YarnTags.server(application.tags(), installation);
                    if (server.isPresent()
                            && !lives.test(new Owned(server.get(), application.id(), application.tags()))) {
                        orphans.add(new Orphan(server.get(), application.id(), conf));
                    }
                }
            } catch (IOException | IllegalArgumentException e) {
                unasked.put(conf, String.valueOf(e.getMessage()));
            }
        }
        return new Search(orphans, unasked);
    }

    @Override
    public void end(Orphan orphan) throws IOException {
        manager(Path.of(orphan.where()), Map.of()).kill(orphan.id());
    }
}
