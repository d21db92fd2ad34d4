package io.connectctl.manager.cluster;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * YARN's ResourceManager over its REST API ({@code /ws/v1/cluster}). Every call ends within a few seconds. Where several stand in for each
 * other, the standby ones answer with a redirection and the next one is asked. Simple authentication only: on a cluster with Kerberos every
 * call fails, and says so.
 */
public final class ResourceManager {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    /** A ResourceManager answers from memory, in milliseconds. */
    private static final Duration PATIENCE = Duration.ofSeconds(3);

    private static final int MOST_BYTES = 8 << 20;
    private static final int MOST_BYTES_OF_A_COMPLAINT = 64 << 10;
    private static final int MOST_OF_A_LINE = 300;

    private final List<URI> addresses;
    private final String user;

    /**
     * @param addresses where it may answer, such as {@code http://rm:8088}
     * @param user as whom, where nobody has to prove it
     */
    public ResourceManager(List<URI> addresses, String user) {
        this.addresses = List.copyOf(addresses);
        this.user = user;
    }

    /**
     * Its applications that have a tag, the newest last.
     *
     * @throws IOException if none of its addresses answers as one does; names them, and mostly is a {@link ResourceManagerException}
     */
    public List<YarnApplication> tagged(String tag) throws IOException {
        List<YarnApplication> applications = new ArrayList<>();
        String path = "/ws/v1/cluster/apps?applicationTags=" + URLEncoder.encode(tag, StandardCharsets.UTF_8);
        for (JsonNode app : get(path).at("/apps/app")) {
            YarnApplication application = application(app);
            // Older releases ignore a parameter that they don't know, and answer with everybody's.
            if (application.tags().contains(tag)) {
                applications.add(application);
            }
        }
        applications.sort((one, other) -> one.startedAt().compareTo(other.startedAt()));
        return applications;
    }

    /** What the cluster has left. */
    public YarnRoom room() throws IOException {
        JsonNode metrics = get("/ws/v1/cluster/metrics").path("clusterMetrics");
        return new YarnRoom(
                metrics.path("availableMB").asLong(),
                metrics.path("totalMB").asLong(),
                metrics.path("availableVirtualCores").asLong(),
                metrics.path("totalVirtualCores").asLong(),
                metrics.path("activeNodes").asInt(),
                metrics.path("lostNodes").asInt()
                        + metrics.path("unhealthyNodes").asInt()
                        + metrics.path("shutdownNodes").asInt());
    }

    /** Ends an application and all its containers, also where its driver is gone. One that is over stays as it is. */
    public void kill(String id) throws IOException {
        exchange("PUT", "/ws/v1/cluster/apps/" + id + "/state", Optional.of("{\"state\":\"KILLED\"}"));
    }

    private static YarnApplication application(JsonNode app) {
        Set<String> tags = new TreeSet<>();
        for (String tag : app.path("applicationTags").asText("").split(",", -1)) {
            if (!tag.isBlank()) {
                tags.add(tag.strip());
            }
        }
        String link = app.path("trackingUrl").asText("");
        String queue = app.path("queue").asText("");
        return new YarnApplication(
                app.path("id").asText(""),
                app.path("state").asText(""),
                app.path("finalStatus").asText(""),
                queue.equals("root") || queue.startsWith("root.") ? queue : "root." + queue,
                app.path("diagnostics").asText("").strip(),
                link.startsWith("http") ? Optional.of(link) : Optional.empty(),
                Instant.ofEpochMilli(app.path("startedTime").asLong()),
                tags,
                app.path("runningContainers").asLong(-1),
                app.path("allocatedMB").asLong(-1));
    }

    private JsonNode get(String path) throws IOException {
        String answer = exchange("GET", path, Optional.empty());
        try {
            return JSON.readTree(answer);
        } catch (JsonProcessingException e) {
            throw new IOException("the ResourceManager answered " + path + " with something that is no JSON", e);
        }
    }

    private String exchange(String method, String path, Optional<String> body) throws IOException {
        List<String> failures = new ArrayList<>();
        boolean refused = false;
        boolean nobodyListens = true;
        for (URI address : addresses) {
            try {
                return exchange(address, method, path, body);
            } catch (IOException e) {
                refused |= e instanceof ResourceManagerException known
                        && known.kind() == ResourceManagerException.Kind.REFUSES;
                nobodyListens &= e instanceof ConnectException;
                failures.add(address + ": " + e.getMessage());
            }
        }
        if (failures.isEmpty()) {
            throw new ResourceManagerException(
                    ResourceManagerException.Kind.UNCONFIGURED,
                    "the Hadoop configuration names no ResourceManager's web address");
        }
        String all = String.join("; ", failures);
        throw refused
                ? new ResourceManagerException(
                        ResourceManagerException.Kind.REFUSES, "the ResourceManager refuses: " + all)
                : new ResourceManagerException(
                        ResourceManagerException.Kind.SILENT, "no ResourceManager answers: " + all, nobodyListens);
    }

    private String exchange(URI address, String method, String path, Optional<String> body) throws IOException {
        String separator = path.contains("?") ? "&" : "?";
        URI uri =
                URI.create(address + path + separator + "user.name=" + URLEncoder.encode(user, StandardCharsets.UTF_8));
        HttpURLConnection connection = (HttpURLConnection) uri.toURL().openConnection(Proxy.NO_PROXY);
        try {
            connection.setConnectTimeout((int) PATIENCE.toMillis());
            connection.setReadTimeout((int) PATIENCE.toMillis());
            connection.setInstanceFollowRedirects(false);
            connection.setRequestMethod(method);
            connection.setRequestProperty("Accept", "application/json");
            if (body.isPresent()) {
                connection.setDoOutput(true);
                connection.setRequestProperty("Content-Type", "application/json");
                try (OutputStream out = connection.getOutputStream()) {
                    out.write(body.get().getBytes(StandardCharsets.UTF_8));
                }
            }
            int status = connection.getResponseCode();
            if (status != HttpURLConnection.HTTP_OK && status != HttpURLConnection.HTTP_ACCEPTED) {
                boolean refuses = status >= 400 && status < 500;
                throw new ResourceManagerException(
                        refuses ? ResourceManagerException.Kind.REFUSES : ResourceManagerException.Kind.SILENT,
                        switch (status) {
                            case 302, 307 -> "it stands by for another one (HTTP " + status + ")";
                            case 401 -> "HTTP 401: it wants a login (Kerberos), which connectctl can't give";
                            default -> "HTTP " + status + complaint(connection);
                        });
            }
            try (InputStream in = connection.getInputStream()) {
                return new String(in.readNBytes(MOST_BYTES), StandardCharsets.UTF_8);
            }
        } finally {
            connection.disconnect();
        }
    }

    /** Its own words; empty where it has none. */
    private static String complaint(HttpURLConnection connection) {
        try (InputStream in = connection.getErrorStream()) {
            String said = in == null
                    ? ""
                    : JSON.readTree(in.readNBytes(MOST_BYTES_OF_A_COMPLAINT))
                            .at("/RemoteException/message")
                            .asText("")
                            .strip();
            String line = said.lines().findFirst().orElse("");
            return line.isEmpty() ? "" : ": " + line.substring(0, Math.min(MOST_OF_A_LINE, line.length()));
        } catch (IOException e) {
            return ""; // A page for people, or nothing.
        }
    }
}
