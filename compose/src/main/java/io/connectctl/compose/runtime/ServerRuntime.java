package io.connectctl.compose.runtime;

import io.connectctl.compose.render.LaunchPlan;
import io.connectctl.compose.render.Site;
import io.connectctl.compose.render.SparkPlace;
import io.connectctl.compose.spec.Exposures;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.compose.spec.SparkVersion;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * A place where servers run. Every call blocks and is bounded in time by the implementation; calls for one server come one
 * at a time. At most one instance of a server can exist, whatever the caller does.
 */
public interface ServerRuntime extends AutoCloseable {
    /** Its name in declarations: {@code process}. */
    String name();

    /**
     * What runs the servers there, where that isn't this machine by itself: the address of an engine. Asks nobody.
     *
     * @return empty for processes
     */
    default Optional<String> place() {
        return Optional.empty();
    }

    /** The name or address by which servers there are reached from here; {@code localhost} on this machine. */
    String host();

    /**
     * Why this server can't run here now, in a few words and with values; empty where it can. Asked once for {@code runtime:
     * auto}, before a server's first start. Answers within a few seconds.
     */
    Optional<String> obstacle(ServerSpec spec) throws InterruptedException;

    /**
     * What stands behind this runtime, in one line for people: which engine, where, of which version.
     *
     * @throws RuntimeUnavailableException if it can't be asked; says why
     */
    default String condition() throws RuntimeUnavailableException, InterruptedException {
        return "runtime " + name() + " needs nothing but this machine";
    }

    /**
     * The Java of this machine that a server of this Spark runs on, where its declaration names none; empty where its Java isn't
     * this machine's.
     *
     * @throws LaunchException if none here fits: says what was found
     */
    default Optional<JavaChoice> java(SparkVersion spark) throws LaunchException {
        return Optional.empty();
    }

    /** What people should know of how this server runs here, a sentence each: what its hardening lacks, and why. Asks nobody for long. */
    List<String> remarks(ServerSpec spec);

    /**
     * Whether Python UDFs can work there; empty where it isn't known, as nothing of the server is there to look at, or the runtime
     * doesn't look. Starts nothing.
     */
    default Optional<PythonNote> python(ServerSpec spec) throws RuntimeUnavailableException, InterruptedException {
        return Optional.empty();
    }

    /** What of this server can be reached from other machines, a sentence each; see {@link Exposures}. Asks nobody. */
    default List<String> exposures(ServerSpec spec) {
        return Exposures.of(spec);
    }

    /** Where things will lie for this server, without looking at any network, nor at any disk but the declared folders; for previews. */
    Site plannedSite(ServerSpec spec);

    /**
     * Where Spark lies in an image: asks what is here, and fetches nothing. Empty where it isn't here, nobody can tell, or there are no
     * images.
     */
    default Optional<SparkPlace> sparkPlace(String image) throws InterruptedException {
        return Optional.empty();
    }

    /**
     * What a launch would be made of now beside its rendered files, each by a name and an identity that no other has: {@code
     * image} and its id, {@code jars} and their fingerprint. What can't be told is left out.
     */
    default Map<String, String> ingredients(ServerSpec spec) throws RuntimeUnavailableException, InterruptedException {
        return Map.of();
    }

    /** The same as it was lately, for a look at every server again and again. */
    default Map<String, String> ingredientsLately(ServerSpec spec)
            throws RuntimeUnavailableException, InterruptedException {
        return ingredients(spec);
    }

    /**
     * Makes ready what a launch needs (fetches Spark, finds Java, makes folders), telling its progress. Repeatable; takes
     * no time when all is there.
     *
     * @throws LaunchException says what is missing and whether trying again can help
     */
    Site prepare(ServerSpec spec, Progress progress) throws LaunchException, InterruptedException;

    /**
     * Starts an instance and returns as soon as it exists; it isn't ready then.
     *
     * @throws LaunchException also where another instance of this server lives, or its port is held by somebody
     */
    Instance launch(LaunchPlan plan) throws LaunchException, InterruptedException;

    /**
     * Ends whatever instance of this server there is: politely, then by force after {@code grace}. Returns when it is gone.
     * Needs no handle, and does nothing where nothing runs. Returns or fails at most 12 s after {@code grace}; a caller
     * that limits it needs more patience than that.
     *
     * @return the last instance with its exit status, if there was one
     * @throws RuntimeUnavailableException also where the instance survives even force
     */
    Optional<Instance> halt(ServerName server, Duration grace) throws RuntimeUnavailableException, InterruptedException;

    /** The running instance, else the last one that ended and is still known. */
    Optional<Instance> find(ServerName server) throws RuntimeUnavailableException, InterruptedException;

    /**
     * Every instance that runs and is ours, also of servers nobody knows any more. One that can't be looked at is left out;
     * {@link #find} tells why.
     */
    List<Instance> list() throws RuntimeUnavailableException, InterruptedException;

    /** True if servers that somebody else started can be taken over here: {@link #inspect}, {@link #adopt}. */
    default boolean adopts() {
        return false;
    }

    /** True for a server that was taken over: to forget it is to leave it as it is, running or not. */
    default boolean adopted(ServerName server) {
        return false;
    }

    /**
     * Looks at a server that runs there and somebody else started, with a view to {@link #adopt}.
     *
     * @param what a container's name or id
     * @throws LaunchException {@code NOT_ADOPTABLE} says why it can't be taken over
     */
    default Adoptable inspect(String what) throws LaunchException, InterruptedException {
        throw new LaunchException(
                "NOT_ADOPTABLE",
                "runtime " + name() + " can't take over what somebody else started",
                "containers can be adopted",
                false);
    }

    /**
     * From now on this server is what {@link #inspect} found: {@link #launch} takes it as it runs, or starts it again; {@link
     * #halt} stops it; {@link #discard} forgets it. It is never made anew and never removed.
     */
    default void adopt(ServerName server, Adoptable found) throws RuntimeUnavailableException {
        throw new IllegalStateException("runtime " + name() + " adopts nothing");
    }

    /**
     * Forgets what was taken over for servers that nobody knows any more: whoever was killed between the two halves of an adoption,
     * or of its end, left it, and a new server of that name must not get somebody else's container. Never fails.
     *
     * @param known every server there is
     */
    default void forgetAllBut(Set<ServerName> known) {}

    /**
     * What can be told of a running server's declaration from how it runs, for one whose declaration was lost: no secrets but its
     * token, without which nobody gets to it, and only what is sure.
     */
    default Recalled recall(ServerName server) throws RuntimeUnavailableException, InterruptedException {
        return Recalled.NOTHING;
    }

    /** Where the instance is reached; ports that can't be known yet are empty. */
    Endpoint endpoint(Instance instance, ServerSpec spec) throws RuntimeUnavailableException, InterruptedException;

    /**
     * Who listens on a port of the machine that servers run on, as people read it: {@code java (pid 4711)}; empty if nobody
     * is known to.
     */
    Optional<String> portHolder(int port);

    /**
     * Tells {@code listener} of every instance that ends, within 0.2 s, until closed; and of one that somebody started again
     * with the runtime's own tools: it runs, under a higher incarnation. The listener must not block.
     */
    AutoCloseable watch(Consumer<Instance> listener);

    /** Writes log lines to {@code sink}; returns at the end of the log, or with {@code follow} when the sink or the thread says stop. */
    void logs(ServerName server, LogRequest request, LogSink sink)
            throws RuntimeUnavailableException, InterruptedException;

    /** What the running instance uses; empty where nothing runs. */
    Optional<Usage> usage(ServerName server) throws RuntimeUnavailableException, InterruptedException;

    /** What {@link #usage} tells, where nobody need be asked for it; empty where somebody must, and where nothing runs. */
    default Optional<Usage> usageSeen(ServerName server) throws RuntimeUnavailableException, InterruptedException {
        return usage(server);
    }

    /**
     * Why the running instance can't answer anybody though it is there, as people read it, its remedy included: a signal or a debugger
     * stopped its process, somebody paused its container. Empty where that isn't so, isn't known, or nothing runs.
     */
    default Optional<String> suspended(ServerName server) throws RuntimeUnavailableException, InterruptedException {
        return Optional.empty();
    }

    /**
     * Looks into a running instance that doesn't answer: its threads and heap by its JVM's own word, and what the kernel knows of it. Never
     * waits for a JVM that is stopped; changes nothing. Takes at most {@code limit} and five seconds more.
     *
     * @param limit for the JVM's answer
     * @return what was seen; empty where nothing runs
     */
    default Optional<Snapshot> snapshot(ServerName server, Duration limit)
            throws RuntimeUnavailableException, InterruptedException {
        return Optional.empty();
    }

    /** True if this server's warehouse holds anything, or can't be looked into. */
    boolean hasWarehouse(ServerName server);

    /**
     * Removes the server's folders, its warehouse too if {@code purge}. Nothing of it may run, unless it was {@link #adopted}:
     * then what runs goes on.
     */
    void discard(ServerName server, boolean purge) throws RuntimeUnavailableException, InterruptedException;

    /**
     * This server is leased, and its {@link Deadline} was just written anew: passes it on to where the server runs, where that
     * doesn't see the file itself. Does nothing where nothing runs: a launch reads the file.
     */
    default void rearm(ServerName server) throws RuntimeUnavailableException, InterruptedException {}

    /** Everything there is of this installation's servers, also of those that nobody knows any more. */
    default List<Trace> traces() throws RuntimeUnavailableException, InterruptedException {
        return List.of();
    }

    /**
     * Removes what {@link #traces} found of a server that nobody knows: ends it, if it runs. A warehouse that holds anything stays
     * unless {@code purge}.
     */
    default void collect(ServerName server, boolean purge) throws RuntimeUnavailableException, InterruptedException {
        halt(server, Duration.ZERO);
        discard(server, purge);
    }

    /** What it keeps for later starts; empty where nothing is kept on this machine, as for images of an engine. */
    default Optional<Cache> cache() {
        return Optional.empty();
    }

    /** The class data archives that its servers may use; empty where it knows of none. */
    default Optional<Archives> archives() {
        return cache().map(Cache::archives);
    }

    @Override
    void close();
}
