package io.connectctl.junit5;

import java.net.URI;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A running server, as a test sees it. Safe for use by several threads.
 *
 * <p>It is usable from the moment it is injected, and gone when the tests that may use it are over: there is nothing to close.
 */
public final class ConnectServerHandle {
    private static final String URL = "SPARK_REMOTE";
    private static final String TOKEN = "SPARK_CONNECT_AUTHENTICATE_TOKEN";

    /** A log of some megabytes comes in tenths of a second; a daemon may have to be started first. */
    private static final Duration LOGS = Duration.ofMinutes(2);

    private final Connectctl connectctl;
    private final String name;
    private volatile Map<String, String> variables;

    ConnectServerHandle(Connectctl connectctl, Map<String, String> variables) {
        this.connectctl = connectctl;
        this.name = Dotenv.required(variables, "CONNECTCTL_SERVER");
        this.variables = checked(variables);
    }

    private static Map<String, String> checked(Map<String, String> variables) {
        String url = Dotenv.required(variables, URL);
        if (!url.matches("sc://[^/:]+:\\d{1,5}")) {
            throw new ConnectServerException("connectctl printed the URL '" + url
                    + "', which isn't sc://HOST:PORT: connectctl version tells which it is");
        }
        return Collections.unmodifiableMap(new LinkedHashMap<>(variables));
    }

    /**
     * The server's name, such as {@code lease-4f1c09ab}: what {@code connectctl status} and the other commands call it.
     *
     * @return a name
     */
    public String name() {
        return name;
    }

    /**
     * Where it is, such as {@code sc://localhost:41231}: what {@code SPARK_REMOTE} holds. A server of Spark 4 has a token, without which
     * nobody gets in: see {@link #urlWithToken()}.
     *
     * @return a Spark Connect URL without the token
     */
    public String url() {
        return Dotenv.required(variables, URL);
    }

    /**
     * The same with the token where there is one, such as {@code sc://localhost:41231/;token=...}: all that {@code
     * SparkSession.builder().remote(...)} needs in this JVM. The token is worthless once the server is gone; still, don't log it.
     *
     * @return a Spark Connect URL
     */
    public String urlWithToken() {
        Map<String, String> now = variables;
        String token = now.get(TOKEN);
        return Dotenv.required(now, URL) + (token == null ? "" : "/;token=" + token);
    }

    /**
     * The gRPC port.
     *
     * @return 1024 to 65535
     */
    public int port() {
        return URI.create(url()).getPort();
    }

    /**
     * The secret that this server demands of its clients.
     *
     * @return empty for Spark 3.x, which knows no tokens
     */
    public Optional<String> token() {
        return Optional.ofNullable(variables.get(TOKEN));
    }

    /**
     * What a client in another process needs in its environment, PySpark for one: {@code SPARK_REMOTE}, {@code
     * SPARK_CONNECT_AUTHENTICATE_TOKEN}, {@code SPARK_CONNECT_RELEASE_SESSION_ON_EXIT} and {@code CONNECTCTL_SERVER}.
     *
     * @return names and values, unmodifiable
     */
    public Map<String, String> environment() {
        return variables;
    }

    /**
     * The server's log so far; after a restart, that of the instance which runs now.
     *
     * @return its lines
     * @throws ConnectServerException if it can't be read
     */
    public String logs() {
        return connectctl.ok(LOGS, "logs", name);
    }

    /**
     * Replaces the running instance by a fresh one and returns when that is usable. Sessions, temporary views and cached data are lost, for
     * everybody who shares this server. URL and token stay, unless another process took the port in between: ask this handle again.
     *
     * @throws ConnectServerException if it didn't start, with the cause; the server isn't usable then, and may be restarted again
     */
    public synchronized void restart() {
        connectctl.ok(Lease.PATIENCE, "restart", "--quiet", "--force", name);
        Map<String, String> renewed = new LinkedHashMap<>(variables);
        // What it doesn't say any more doesn't hold any more.
        renewed.remove(TOKEN);
        renewed.putAll(Dotenv.parse(connectctl.ok(LOGS, "env", name, "-o", "dotenv")));
        variables = checked(renewed);
    }

    /** Name and URL, for messages; no token. */
    @Override
    public String toString() {
        return name + " at " + url();
    }
}
