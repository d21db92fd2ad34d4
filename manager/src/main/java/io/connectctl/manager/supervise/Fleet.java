package io.connectctl.manager.supervise;

import io.connectctl.compose.runtime.CacheEntry;
import io.connectctl.compose.runtime.LogRequest;
import io.connectctl.compose.runtime.LogSink;
import io.connectctl.compose.runtime.PythonNote;
import io.connectctl.compose.runtime.RuntimeUnavailableException;
import io.connectctl.compose.runtime.Usage;
import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.health.Climb;
import io.connectctl.health.Rung;
import io.connectctl.health.ui.ConnectActivity;
import io.connectctl.manager.lifecycle.ServerEvent;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** Every server of this installation. Thread-safe; commands return as soon as the intent is stored, events tell the rest. */
public interface Fleet extends AutoCloseable {
    /** Every known server, by name. */
    List<ServerStatus> servers();

    /** One server. */
    Optional<ServerStatus> server(ServerName name);

    /**
     * Stores what a server should be; it takes effect with the next start or restart.
     *
     * @param flags laid over what flags declared before
     * @param file in place of what a file declared before, and wins over flags for every key it names; left alone if
     *     {@code origin} is flags
     * @param origin who declares
     * @throws RefusedException INVALID with every problem, or NAME_HELD where another file declared it
     */
    Declared declare(ServerName name, Declaration flags, Declaration file, Origin origin) throws RefusedException;

    /**
     * The same for a start or restart that follows at once.
     *
     * @throws RefusedException also where that would be refused, as its port is another server's; nothing is stored then
     */
    default Declared declareToLaunch(ServerName name, Declaration flags, Declaration file, Origin origin)
            throws RefusedException {
        return declare(name, flags, file, origin);
    }

    /** Declares by flags alone, or by a file alone, as {@code origin} tells. */
    default Declared declare(ServerName name, Declaration declaration, Origin origin) throws RefusedException {
        return origin.file().isPresent()
                ? declare(name, Declaration.empty(), declaration, origin)
                : declare(name, declaration, Declaration.empty(), origin);
    }

    /**
     * Keeps a name that no server has from being declared, so that what is left of an earlier one can be removed.
     *
     * @return gives the name free; empty where a server has it, or it is kept already
     */
    Optional<Reservation> reserve(ServerName name);

    /** A name that nobody may declare until this is closed. */
    interface Reservation extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * Takes over a container that somebody else started, without restarting it: declares a server from what it is, and wants it
     * up. It is started and stopped from then on, and never made anew.
     *
     * @param container its name or id
     * @param wanted what to call the server; empty for a name that fits
     * @throws RefusedException NOT_ADOPTABLE says why not, also where it doesn't answer now; NAME_HELD where a server has that name
     */
    Adopted adopt(String container, Optional<ServerName> wanted) throws RefusedException, InterruptedException;

    /**
     * Wants the server up. Starting a server that runs unchanged is a success that changes nothing.
     *
     * @throws RefusedException NO_SUCH_SERVER, or PORT_HELD where another server or process holds its port, and by whom
     */
    Receipt start(ServerName name) throws RefusedException;

    /**
     * Wants it down. Stopping a stopped server is a success that changes nothing.
     *
     * @throws RefusedException OPERATIONS_RUNNING as the order says
     */
    Receipt stop(ServerName name, StopOrder order) throws RefusedException;

    /** Wants it down, whatever its clients run; {@code force} kills without grace. */
    default Receipt stop(ServerName name, boolean force) throws RefusedException {
        return stop(name, force ? StopOrder.KILL : StopOrder.PLAIN);
    }

    /**
     * Wants a new incarnation; starts a server that is down.
     *
     * @param from by which declaration
     * @param order how the running instance is ended
     * @throws RefusedException OPERATIONS_RUNNING as the order says, NEVER_HEALTHY where there is nothing to roll back to
     */
    Receipt restart(ServerName name, RestartFrom from, StopOrder order) throws RefusedException;

    /** Wants a new incarnation with the current declaration, whatever clients run; starts a server that is down. */
    default Receipt restart(ServerName name) throws RefusedException {
        return restart(name, RestartFrom.CURRENT, StopOrder.PLAIN);
    }

    /**
     * What of the running instance is otherwise than a launch would make it now; empty where nothing runs. Cheap: of what only the
     * runtime can tell (an image's id), the last listing's answer is taken.
     */
    List<Change> drift(ServerName name);

    /** The same with the runtime asked now; where nothing runs, counted from the last run. */
    Planned diff(ServerName name) throws RefusedException;

    /**
     * What {@link #declare} and a restart would change; stores nothing.
     *
     * @throws RefusedException as declare
     */
    Planned plan(ServerName name, Declaration flags, Declaration file, Origin origin) throws RefusedException;

    /**
     * Forgets a stopped server and removes its folders; an adopted one may run, and is left as it is. RefusedException
     * RUNNING, or WAREHOUSE_NOT_EMPTY without {@code purge}.
     */
    void remove(ServerName name, boolean purge) throws RefusedException;

    /** Stored events with a sequence number above {@code after}, oldest first, at most {@code limit}. */
    List<ServerEvent> events(Optional<ServerName> server, long after, int limit);

    /** The newest sequence number. */
    long lastSequence();

    /**
     * Hands every event above {@code after} to {@code listener}, stored ones first, then live ones (also progress, which is
     * not stored and has sequence 0), in order, without a gap, until closed. The listener runs on a thread of its own.
     */
    AutoCloseable follow(Optional<ServerName> server, long after, Consumer<ServerEvent> listener);

    /** Probes now, beside the periodic probes. */
    Climb probe(ServerName name, Rung until, Duration timeout) throws RefusedException, InterruptedException;

    /**
     * What clients do on running servers, asked of all of them at once; those that can't tell, or don't within {@code patience}, are
     * left out.
     */
    Map<ServerName, ConnectActivity> activities(Collection<ServerName> names, Duration patience)
            throws InterruptedException;

    /** Log lines; see ServerRuntime.logs. */
    void logs(ServerName name, LogRequest request, LogSink sink)
            throws RefusedException, RuntimeUnavailableException, InterruptedException;

    /** What the running instance uses. */
    Optional<Usage> usage(ServerName name) throws RefusedException, RuntimeUnavailableException, InterruptedException;

    /** What people should know of how this server runs where it runs; see ServerRuntime.remarks. */
    List<String> remarks(ServerName name) throws RefusedException;

    /** Whether Python UDFs can work on this server; empty where its runtime doesn't know. See ServerRuntime.python. */
    default Optional<PythonNote> python(ServerName name)
            throws RefusedException, RuntimeUnavailableException, InterruptedException {
        return Optional.empty();
    }

    /**
     * What the start of the last incarnation spent its time on, as far as it got.
     *
     * @throws RefusedException NOT_RUNNING where it was never started
     */
    Timeline timeline(ServerName name) throws RefusedException, RuntimeUnavailableException, InterruptedException;

    /** Where evidence lies of the last incarnation that was replaced because it lived and didn't answer; empty where none does. */
    Optional<Path> wedge(ServerName name);

    /**
     * Writes a tar.gz with all that is known of a server, without a secret of this installation's declarations: its files, logs, evidence of
     * wedges, and this machine.
     *
     * @param more further files of it, by name; they are redacted, too
     */
    void bundle(ServerName name, Map<String, String> more, OutputStream out)
            throws RefusedException, IOException, InterruptedException;

    /** What the runtimes keep for later starts. */
    CacheStatus cache() throws IOException;

    /**
     * Removes from the cache what nothing uses and nobody launched with for so long.
     *
     * @param unused zero for all that isn't in use
     * @return what was removed
     */
    List<CacheEntry> prune(Duration unused) throws IOException;

    /**
     * Trains the class data archive for this server now, in the background. Events tell how it goes: {@code archive} on the
     * way, then {@code archive-trained} or {@code archive-failed}.
     *
     * @throws RefusedException INVALID where its runtime keeps no archives
     */
    Receipt train(ServerName name) throws RefusedException;

    /** Ends the supervision; servers stay. */
    @Override
    void close();
}
