package io.connectctl.compose.runtime.docker;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.connectctl.compose.runtime.Folders;
import io.connectctl.compose.runtime.process.PrivateFiles;
import io.connectctl.compose.spec.ServerName;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which servers are containers that somebody else made: {@code STATE/servers/NAME/adopted.json}. Such a container is started and
 * stopped, and never made, changed or removed.
 */
final class Adoptions {
    private static final Logger LOG = LoggerFactory.getLogger(Adoptions.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String FILE = "adopted.json";

    private final Folders folders;
    private final Map<ServerName, Adopted> known = new ConcurrentHashMap<>();

    /**
     * One of them.
     *
     * @param containerId the container
     * @param name what it was called
     * @param grpcPort where the server listens inside
     * @param uiPort where its UI listens inside; 0 for none
     * @param marker its spark.connectctl.instance; empty text for none
     * @param open which of its ports are reached from other machines too: inside, to {@code ADDRESS:PORT} outside; null where
     *     nobody looked yet
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record Adopted(
            String containerId,
            String name,
            int grpcPort,
            int uiPort,
            String marker,
            @Nullable Map<Integer, String> open) {
        Adopted {
            open = open == null ? null : Collections.unmodifiableMap(new TreeMap<>(open));
        }

        /**
         * What of it can be reached from other machines, a sentence each.
         *
         * @param token whether it asks its clients for a token
         */
        List<String> exposures(boolean token) {
            List<String> sentences = new ArrayList<>();
            Map<Integer, String> beyond = open == null ? Map.of() : open;
            beyond.forEach((inside, outside) -> {
                String where = outside.startsWith("0.0.0.0:") || outside.startsWith("[::]:")
                        ? "on every interface (" + outside + ")"
                        : "at " + outside;
                // A firewall before INPUT doesn't see what an engine forwards, so it is no remedy here.
                String remedy = "; only its maker can change that: make it anew with -p 127.0.0.1:"
                        + outside.substring(outside.lastIndexOf(':') + 1) + ":" + inside;
                if (inside == grpcPort) {
                    sentences.add("port " + inside + " of container " + name + " is published " + where
                            + (token ? "; clients need the token" : " and asks for no token") + remedy);
                } else if (inside == uiPort) {
                    sentences.add("the Spark UI of container " + name + " is published " + where
                            + " and asks nobody who they are" + remedy);
                } else {
                    sentences.add("port " + inside + " of container " + name + " is published " + where
                            + " too, whatever listens there" + remedy);
                }
            });
            return sentences;
        }

        private Adopted withOpen(Map<Integer, String> now) {
            return new Adopted(containerId, name, grpcPort, uiPort, marker, now);
        }
    }

    /** Reads what there is. A file that can't be read is told of, and its server isn't found until it is mended. */
    Adoptions(Folders folders) {
        this.folders = folders;
        if (!Files.isDirectory(folders.servers())) {
            return;
        }
        try (DirectoryStream<Path> servers = Files.newDirectoryStream(folders.servers())) {
            for (Path server : servers) {
                read(server);
            }
        } catch (IOException e) {
            LOG.warn("{} can't be listed: {}", folders.servers(), e.toString());
        }
    }

    private void read(Path server) {
        Path file = server.resolve(FILE);
        String name = String.valueOf(server.getFileName());
        if (ServerName.PLAIN.matcher(name).matches() && Files.exists(file)) {
            try {
                known.put(new ServerName(name), JSON.readValue(Files.readString(file), Adopted.class));
            } catch (IOException e) {
                LOG.warn("{} can't be read: {}", file, e.toString());
            }
        }
    }

    /** The container that this server is; empty for one of our own. */
    Optional<Adopted> of(ServerName server) {
        return Optional.ofNullable(known.get(server));
    }

    /** The server that this container is. */
    Optional<ServerName> server(String containerId) {
        return known.entrySet().stream()
                .filter(entry -> entry.getValue().containerId().equals(containerId))
                .map(Map.Entry::getKey)
                .findFirst();
    }

    /** Every one. */
    Map<ServerName, Adopted> all() {
        return Map.copyOf(known);
    }

    /** @throws IOException also where it was adopted as another server meanwhile */
    synchronized void add(ServerName server, Adopted adopted) throws IOException {
        Optional<ServerName> other = server(adopted.containerId()).filter(name -> !name.equals(server));
        if (other.isPresent()) {
            throw new IOException("it is server " + other.get() + " already");
        }
        write(server, adopted);
        known.put(server, adopted);
    }

    /**
     * Takes note of where its ports are published now. A daemon of before didn't, and somebody may have changed it.
     *
     * @throws IOException if it can't be written down; it is known until this daemon ends
     */
    synchronized void published(ServerName server, Container container) throws IOException {
        Adopted old = known.get(server);
        if (old != null
                && old.containerId().equals(container.id())
                && !container.open().equals(old.open())) {
            Adopted fresh = old.withOpen(container.open());
            known.put(server, fresh);
            write(server, fresh);
        }
    }

    private void write(ServerName server, Adopted adopted) throws IOException {
        Path folder = folders.servers().resolve(server.value());
        PrivateFiles.folder(folder);
        PrivateFiles.write(folder.resolve(FILE), JSON.writeValueAsString(adopted) + "\n", false);
    }

    synchronized void forget(ServerName server) throws IOException {
        known.remove(server);
        PrivateFiles.remove(folders.servers().resolve(server.value()).resolve(FILE));
    }
}
