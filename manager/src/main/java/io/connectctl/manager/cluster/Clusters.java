package io.connectctl.manager.cluster;

import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.ServerSpec;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/** The clusters that servers' work is done on, as far as connectctl has to speak to them. Every method may block for some seconds. */
public interface Clusters {
    /** Where nobody has a cluster that could be asked. */
    Clusters NONE = new Clusters() {
        @Override
        public Map<String, String> variables(ServerSpec spec, int incarnation) {
            return Map.of();
        }

        @Override
        public Optional<YarnApplication> application(ServerSpec spec, int incarnation, Instant launchedAt) {
            return Optional.empty();
        }

        @Override
        public Optional<YarnRoom> room(ServerSpec spec) {
            return Optional.empty();
        }

        @Override
        public Optional<String> silence(ServerSpec spec) {
            return Optional.empty();
        }

        @Override
        public Optional<String> nobodyListens(ServerSpec spec) {
            return Optional.empty();
        }

        @Override
        public List<String> end(ServerSpec spec) {
            return List.of();
        }

        @Override
        public Search orphans(Predicate<Owned> lives) {
            return new Search(List.of(), Map.of());
        }

        @Override
        public void end(Orphan orphan) {}
    };

    /**
     * An application of this installation.
     *
     * @param server whose it is
     * @param id the application
     * @param tags all that it is tagged with, its incarnation among them
     */
    record Owned(ServerName server, String id, Set<String> tags) {
        public Owned {
            tags = Set.copyOf(tags);
        }

        /**
         * True if it was tagged as this incarnation's. A container keeps its tags when it is started again, which is another incarnation:
         * false doesn't say that it is an earlier one's.
         */
        public boolean of(int incarnation) {
            return tags.stream().anyMatch(tag -> tag.endsWith(":" + server + ":" + incarnation));
        }
    }

    /**
     * An application of this installation that lost its driver.
     *
     * @param server whose it was
     * @param id the application
     * @param where the Hadoop configuration through which it was found
     */
    record Orphan(ServerName server, String id, String where) {}

    /**
     * What was found on all clusters.
     *
     * @param orphans applications that lost their driver
     * @param unasked why a cluster couldn't be asked, by the Hadoop configuration that names it
     */
    record Search(List<Orphan> orphans, Map<String, String> unasked) {
        public Search {
            orphans = List.copyOf(orphans);
            unasked = Map.copyOf(unasked);
        }
    }

    /** Why nobody answered, where that is what a failure says; empty for a cluster that works and doesn't let itself be asked. */
    static Optional<String> silence(IOException failure) {
        return failure instanceof ResourceManagerException known && known.kind() == ResourceManagerException.Kind.SILENT
                ? Optional.of(String.valueOf(failure.getMessage()))
                : Optional.empty();
    }

    /** What a launch's environment must hold, so that its application can be known again. */
    Map<String, String> variables(ServerSpec spec, int incarnation);

    /**
     * The application of one incarnation; empty where it has none, or its master keeps none.
     *
     * @param launchedAt the incarnation's launch: numbers begin anew where a server is removed and declared again
     * @throws IOException if the cluster can't be asked; says why
     */
    Optional<YarnApplication> application(ServerSpec spec, int incarnation, Instant launchedAt) throws IOException;

    /** What the cluster has left; empty where its master doesn't tell. */
    Optional<YarnRoom> room(ServerSpec spec) throws IOException;

    /**
     * Why the one who gives a server its executors can't be reached, in words; empty where it can, or where nobody can tell. What runs
     * goes on without it, and nothing that is lost is replaced.
     */
    Optional<String> silence(ServerSpec spec);

    /**
     * As {@link #silence}, and only where the very machine says that nobody listens: a name that only the driver's own network knows, or
     * a page that this user may not see, is no proof of anything.
     */
    Optional<String> nobodyListens(ServerSpec spec);

    /**
     * Ends every application of a server that nothing runs of any more: one that takes leave of its own accord is given some seconds
     * to, so that it counts as finished.
     *
     * @return the ids of those that had to be killed
     */
    List<String> end(ServerSpec spec) throws IOException, InterruptedException;

    /** Applications of this installation on every cluster that it ever used, that run and whose driver doesn't. */
    Search orphans(Predicate<Owned> lives) throws IOException;

    /** Kills one of them. */
    void end(Orphan orphan) throws IOException;
}
