package io.connectctl.manager.supervise;

import io.connectctl.compose.runtime.Deadline;
import io.connectctl.compose.runtime.Instance;
import io.connectctl.compose.runtime.Recalled;
import io.connectctl.compose.runtime.RuntimeUnavailableException;
import io.connectctl.compose.runtime.ServerRuntime;
import io.connectctl.compose.runtime.process.PrivateFiles;
import io.connectctl.compose.spec.Auth;
import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.health.Rung;
import io.connectctl.manager.lifecycle.Desired;
import io.connectctl.manager.lifecycle.EndedBy;
import io.connectctl.manager.lifecycle.Phase;
import io.connectctl.manager.lifecycle.ServerEvent;
import io.connectctl.manager.lifecycle.ServerState;
import io.connectctl.manager.lifecycle.Terms;
import io.connectctl.manager.store.StateCodec;
import io.connectctl.manager.store.StateStore;
import io.connectctl.manager.store.StoreException;
import io.connectctl.manager.store.StoredServer;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings back into the store what it lost, before anybody reads it: servers whose transcripts it doesn't know, or knows only from
 * before; and, where the store lost something, servers that run and of which no transcript is left. Each comes
 * back as one that nobody has looked at yet, so that it is adopted where it runs, and else started or left as it was wanted. Servers that were removed
 * since are removed once more.
 */
final class Recovery {
    private static final Logger LOG = LoggerFactory.getLogger(Recovery.class);

    private final Surroundings around;
    private final SpecSource specs;
    private final Optional<String> notice;
    private final SecureRandom seeds = new SecureRandom();

    /** @param notice what became of the store before this one, where that was damaged */
    Recovery(Surroundings around, SpecSource specs, Optional<String> notice) {
        this.around = around;
        this.specs = specs;
        this.notice = notice;
    }

    /**
     * Does it. Repeatable: what is there is left alone.
     *
     * @return what became of the store, with what the transcripts prove of it
     * @throws StoreException if the store can't be read or written now
     */
    Optional<String> run() throws StoreException {
        StateStore store = around.store();
        Map<ServerName, StoredServer> stored = new HashMap<>();
        store.servers().forEach(server -> stored.put(server.name(), server));
        SortedMap<ServerName, Transcript> transcripts = transcripts();
        long last = store.lastSequence();
        long heard = transcripts.values().stream()
                .mapToLong(Transcript::sequence)
                .max()
                .orElse(0);
        boolean thrownBack = heard > last || notice.isPresent();
        if (thrownBack) {
            // Followers know of events up to there, and beyond: not every event changes a transcript. Events come more
            // slowly than milliseconds. What is older than the store is told by its last number from before.
            store.skipTo(Math.max(heard, around.time().now().wall().toEpochMilli()));
        }
        Optional<String> told = heard > last ? Optional.of(proven(last, heard)) : notice;
        for (Map.Entry<ServerName, Transcript> entry : transcripts.entrySet()) {
            ServerName name = entry.getKey();
            Transcript kept = entry.getValue();
            StoredServer row = stored.get(name);
            if (row == null) {
                bring(name, kept, notice.orElse("the state file doesn't know it any more"));
            } else if (!readable(row)) {
                bring(name, kept, "its row in the state file can't be read");
            } else if (kept.sequence() > last && !kept.says(transcript(row))) {
                bring(name, kept, "the state file knew only an earlier declaration or command");
            }
        }
        if (thrownBack) {
            for (StoredServer row : List.copyOf(stored.values())) {
                if (!transcripts.containsKey(row.name()) && gone(row.name())) {
                    stored.remove(row.name());
                    remove(row);
                }
            }
            for (ServerRuntime runtime : around.runtimes().values()) {
                bringRunning(runtime, name -> !transcripts.containsKey(name) && !stored.containsKey(name));
            }
        }
        return told;
    }

    private String proven(long last, long heard) {
        String proof = "the newest commits are lost: the state file knew events up to " + last
                + ", and the folders of its servers tell of " + heard;
        LOG.error("{}", proof);
        return notice.map(text -> text + "; " + proof).orElse(proof);
    }

    /** Of every server that has one. */
    private SortedMap<ServerName, Transcript> transcripts() {
        SortedMap<ServerName, Transcript> transcripts = new TreeMap<>();
        try (DirectoryStream<Path> folders =
                Files.newDirectoryStream(around.folders().servers())) {
            for (Path folder : folders) {
                String text = folder.getFileName().toString();
                if (ServerName.PLAIN.matcher(text).matches() && Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
                    ServerName name = new ServerName(text);
                    read(name).ifPresent(transcript -> transcripts.put(name, transcript));
                }
            }
        } catch (NoSuchFileException | NotDirectoryException e) {
            return transcripts; // nothing was ever declared here
        } catch (IOException | DirectoryIteratorException e) {
            LOG.warn(
                    "{} can't be read, so nothing is brought back from it: {}",
                    around.folders().servers(),
                    e.toString());
        }
        return transcripts;
    }

    private Optional<Transcript> read(ServerName name) {
        try {
            return Transcript.read(around.folders(), name);
        } catch (IOException e) {
            LOG.warn("the transcript of {} is passed over: {}", name, e.getMessage());
            return Optional.empty();
        }
    }

    private boolean readable(StoredServer row) {
        try {
            state(row);
            return Declaration.ofJson(row.declaration()).tree().path("declared").isObject();
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private ServerState state(StoredServer row) {
        return StateCodec.decode(row.name(), row.state(), terms(row.name()));
    }

    /** Of the defaults: nothing of a state that is kept depends on them. */
    private Terms terms(ServerName name) {
        return specs.readAccepted(name, Declaration.empty())
                .spec()
                .map(Terms::of)
                .orElseThrow(() -> new IllegalStateException("the defaults of a declaration aren't valid"));
    }

    private Transcript transcript(StoredServer row) {
        return Transcript.of(
                0, state(row), Declaration.ofJson(row.declaration()).toJson());
    }

    /**
     * True where it was removed since, as what is kept of it says: its folder goes with it. Of folders that are all gone, or that nobody
     * can look into, none says so.
     */
    private boolean gone(ServerName name) {
        Path servers = around.folders().servers();
        return Files.isDirectory(servers) && Files.notExists(servers.resolve(name.value()), LinkOption.NOFOLLOW_LINKS);
    }

    private void remove(StoredServer row) throws StoreException {
        String message =
                "the state file knew it still, but its folder is gone, as after a removal: it isn't started again";
        LOG.warn("{}: {}", row.name(), message);
        ServerEvent event = new ServerEvent(
                0, around.time().now().wall(), row.name(), 0, "removed", Phase.STOPPED, message, Optional.empty());
        around.store().remove(row.name(), List.of(event));
    }

    private void bring(ServerName name, Transcript kept, String why) throws StoreException {
        commit(
                name,
                kept.desired(),
                kept.incarnation(),
                kept.wanted(),
                kept.declaration(),
                why + "; declared again from its folder, and wanted " + kept.desired());
    }

    private void commit(
            ServerName name, Desired desired, int incarnation, int wanted, String declaration, String message)
            throws StoreException {
        Instant now = around.time().now().wall();
        ServerState first = ServerState.initial(name, terms(name), seeds.nextLong(), now);
        // One that was wanted before its first run is launched as any other that isn't found.
        boolean untouched = incarnation == 0 && desired == Desired.DOWN;
        ServerState state = untouched ? first : unseen(first, desired, incarnation, Math.max(incarnation, wanted));
        ServerEvent event =
                new ServerEvent(0, now, name, incarnation, "recovered", state.phase(), message, Optional.empty());
        LOG.warn("{}: {}", name, message);
        around.store().commit(new StoredServer(name, declaration, StateCodec.encode(state)), List.of(event));
    }

    private static ServerState unseen(ServerState first, Desired desired, int incarnation, int wanted) {
        return new ServerState(
                first.name(),
                Phase.UNKNOWN,
                desired,
                incarnation,
                wanted,
                EndedBy.OPERATOR,
                Optional.empty(),
                Rung.NONE,
                false,
                // Nobody knows any more; what may have served is treated as if it had.
                true,
                false,
                0,
                0,
                0,
                0,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                first.phaseSince(),
                Optional.empty(),
                Optional.empty(),
                first.port(),
                first.seed(),
                first.terms());
    }

    /** Those whose transcripts went with the state file, or are of a connectctl that wrote none. */
    private void bringRunning(ServerRuntime runtime, Predicate<ServerName> unknown) throws StoreException {
        try {
            for (Instance instance : runtime.list()) {
                ServerName name = instance.server();
                if (unknown.test(name) && !Files.exists(Deadline.file(around.folders(), name))) {
                    bring(runtime, instance);
                }
            }
        } catch (RuntimeUnavailableException e) {
            LOG.warn("nothing is brought back from runtime {} now: {}", runtime.name(), e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void bring(ServerRuntime runtime, Instance instance)
            throws StoreException, RuntimeUnavailableException, InterruptedException {
        ServerName name = instance.server();
        Recalled found = runtime.recall(name);
        Optional<ServerSpec> spec =
                specs.readAccepted(name, found.declaration()).spec();
        Declaration declaration = spec.isPresent() ? found.declaration() : Declaration.empty();
        if (spec.filter(each -> each.auth() == Auth.TOKEN).isPresent()) {
            found.token().ifPresent(token -> keep(name, token));
        }
        Layers layers = new Layers(declaration, Declaration.empty());
        Charter charter = new Charter(Origin.FLAGS, layers, 1, layers, 1)
                .chosen(new RuntimeChoice(runtime.name(), "it was found running there"));
        commit(
                name,
                Desired.UP,
                instance.incarnation(),
                instance.incarnation(),
                charter.toJson(specs),
                notice.orElse("the state file is new")
                        + "; it runs, and is taken over as it does. Of its declaration only "
                        + (declaration.isEmpty() ? "the runtime" : String.join(", ", keys(declaration)))
                        + " could be found: declare it again (connectctl start " + name + " with its flags)");
    }

    /** It may lie there still; what runs knows best. */
    private void keep(ServerName name, String token) {
        Path file = around.folders().servers().resolve(name.value()).resolve("token");
        try {
            if (!Files.exists(file) || !Files.readString(file).strip().equals(token)) {
                PrivateFiles.write(file, token);
            }
        } catch (IOException e) {
            LOG.warn("the token of {}, which runs, can't be kept, so it can't be proven: {}", name, e.toString());
        }
    }

    private static List<String> keys(Declaration declaration) {
        return declaration.tree().properties().stream().map(Map.Entry::getKey).toList();
    }
}
