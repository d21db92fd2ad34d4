package io.connectctl.health.ui;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.connectctl.health.wire.TimedSocket;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads one Spark application's UI: its REST API ({@code /api/v1}) and its Connect page. Every call is one HTTP/1.0
 * request on a connection of its own that ends within the given time whatever the server does, uses no proxy, and gives up on
 * an answer that is too long. None of them writes a line into the server's log (measured on 3.4.0 to 4.2.0).
 *
 * <p>No redirect is followed but one: on YARN a UI shows itself to its ResourceManager's machine alone (Hadoop's AmIpFilter), and
 * sends everybody else to the proxy there, which asks on their behalf.
 *
 * <p>Every method throws {@link IOException} where the answer isn't what Spark gives: the message names the URL;
 * {@link java.net.SocketTimeoutException} where the time was over, {@link java.net.ConnectException} where nothing
 * listens.
 */
public final class SparkUi {
    /** The environment page lists every jar and property of the server: some 100 kB in practice. */
    private static final int MAX_ANSWER_BYTES = 8 * 1024 * 1024;

    /** What the Connect page says in words, its tags taken out; the same in 3.5 and 4.x. */
    private static final Pattern CONNECT_COUNTS =
            Pattern.compile("(\\d+)\\s+session\\(s\\)\\s+are\\s+online,\\s+running\\s+(\\d+)\\s+Request\\(s\\)");

    /** An online session's row of the page begins with user, id, start and an end that it doesn't have yet; the same in 3.5 and 4.x (SparkConnectServerPage). */
    private static final Pattern ONLINE_SESSION = Pattern.compile(
            "<tr\\b[^>]*>\\s*<td[^>]*>[^<]{0,200}</td>\\s*<td[^>]*>\\s*<a\\s[^>]{0,300}\\bsession/\\?id="
                    + "([0-9a-fA-F-]{36})[^>]{0,60}>[^<]{0,60}</a>\\s*</td>\\s*<td[^>]*>[^<]{0,60}</td>\\s*<td[^>]*>\\s*</td>");

    /** One request of the page's table. */
    private static final Pattern ROW = Pattern.compile("<tr\\b[^>]*>.*?</tr>", Pattern.DOTALL);

    /**
     * Three cells in a row: state, operation, and the tag that names user, session and operation; the same in 3.5 and 4.x but for the
     * tag's second word, and 3.5.0 has user and session the wrong way round. What a client wrote as its statement can't look like them: the
     * page escapes it.
     */
    private static final Pattern STATE_AND_TAG = Pattern.compile(
            "<td[^>]*>\\s*([A-Z]+)\\s*</td>"
                    + "\\s*(?:<td[^>]*>\\s*[0-9a-fA-F-]{36}\\s*</td>\\s*)?"
                    + "<td[^>]*>\\s*SparkConnect_[A-Za-z]+_User_([^<>]{0,200}?)_Session_([^<>]{0,200}?)_Operation_([0-9a-fA-F-]{36})\\s*</td>");

    private static final Pattern SESSION = Pattern.compile("[0-9a-fA-F-]{36}");

    private static final Pattern SESSION_OF_ROW =
            Pattern.compile("<a\\s[^>]{0,300}\\bsession/\\?id=([0-9a-fA-F-]{36})");

    /** The states of an operation that has neither ended nor been ended; the page calls them all RUNNING. */
    private static final Set<String> RUNNING = Set.of("RUNNING", "STARTED", "COMPILED", "READY");

    /**
     * The states of one that ended and that the server still keeps for its client. It is CLOSED once the client told that it has
     * the whole answer (ReleaseExecute), or once the answer was sent to a client that can't reattach.
     */
    private static final Set<String> UNDELIVERED = Set.of("FINISHED", "FAILED", "CANCELED");

    /** Spark keeps 200 ended requests by default (spark.sql.connect.ui.retainedStatements). */
    private static final int MOST_ROWS = 500;

    private static final int MORE_LOOKS = 2;

    private static final Pattern TAG = Pattern.compile("<[^>]*>");

    /**
     * A pool of a heap that outlives a young collection, and what of it is told: G1, Parallel, Serial (Tenured) and generational ZGC and
     * Shenandoah by generations; ZGC ("ZHeap") and Shenandoah as one. Eden is empty after each collection.
     */
    private static final Pattern HEAP_POOL = Pattern.compile(
            "pools\\.((?:G1-|PS-|ZGC-|Shenandoah-)?(?:Old-Gen(?:eration)?|Survivor-Space)|Tenured-Gen|ZHeap|Shenandoah)\\.(used|used-after-gc)");

    /** The old generation of Serial and Parallel. */
    private static final Pattern FIXED_OLD = Pattern.compile("pools\\.(?:Tenured-Gen|PS-Old-Gen)\\.(used|max)");

    private static final Pattern GENERATION = Pattern.compile("Old|Survivor|Tenured");

    /**
     * Where YARN's proxy shows an application. The word "redirect", with which the filter sends a browser there, is for the proxy to find
     * loops by: it refuses whoever comes from the driver's own machine with it.
     */
    private static final Pattern YARN_PROXY =
            Pattern.compile("(http://[^/]{1,300}/proxy/)(?:redirect/)?(application_\\d{1,20}_\\d{1,10}/.*)");

    private static final ObjectMapper JSON = new ObjectMapper();

    private final String host;
    private final int port;

    /** The UI at {@code host} and {@code port}; opens no connection. */
    public SparkUi(String host, int port) {
        if (port < 1 || port > 65535) {
            throw new IllegalArgumentException("UI port " + port + " is outside 1-65535");
        }
        this.host = host;
        this.port = port;
    }

    /** Where this UI is. */
    public URI base() {
        return URI.create("http://" + authority());
    }

    /** The applications that this UI shows: one, unless it is a history server. */
    public List<Application> applications(Duration timeout) throws IOException, InterruptedException {
        String path = "/api/v1/applications";
        List<Application> applications = new ArrayList<>();
        for (JsonNode each : json(path, timeout)) {
            String id = each.path("id").asText("");
            if (id.isEmpty()) {
                throw new IOException(base() + path + " lists something that is no Spark application");
            }
            String version = "";
            for (JsonNode attempt : each.path("attempts")) {
                version = attempt.path("appSparkVersion").asText(version);
            }
            applications.add(new Application(id, each.path("name").asText(""), version));
        }
        return applications;
    }

    /** The Spark property {@code key} of an application, as it runs; empty if it isn't set. */
    public Optional<String> property(String applicationId, String key, Duration timeout)
            throws IOException, InterruptedException {
        JsonNode environment = json("/api/v1/applications/" + applicationId + "/environment", timeout);
        for (JsonNode pair : environment.path("sparkProperties")) {
            if (pair.path(0).asText("").equals(key)) {
                return Optional.of(pair.path(1).asText(""));
            }
        }
        return Optional.empty();
    }

    /** The application's driver; empty if the UI lists none yet. */
    public Optional<Driver> driver(String applicationId, Duration timeout) throws IOException, InterruptedException {
        for (JsonNode executor : json("/api/v1/applications/" + applicationId + "/executors", timeout)) {
            if (executor.path("id").asText("").equals("driver")) {
                return Optional.of(new Driver(
                        executor.path("maxMemory").asLong(),
                        executor.path("totalCores").asInt()));
            }
        }
        return Optional.empty();
    }

    /** The application's executors without its driver. */
    public Executors executors(String applicationId, Duration timeout) throws IOException, InterruptedException {
        int registered = 0;
        int lost = 0;
        int cores = 0;
        long pool = 0;
        String lastLoss = "";
        String lastAt = "";
        for (JsonNode each : json("/api/v1/applications/" + applicationId + "/allexecutors", timeout)) {
            if (each.path("id").asText("").equals("driver")) {
                continue;
            }
            if (each.path("isActive").asBoolean()) {
                registered++;
                cores += each.path("totalCores").asInt();
                pool += each.path("maxMemory").asLong();
            } else {
                lost++;
                String at = each.path("removeTime").asText("");
                if (at.compareTo(lastAt) >= 0) {
                    lastAt = at;
                    lastLoss = each.path("removeReason").asText("");
                }
            }
        }
        return new Executors(registered, lost, cores, pool, lastLoss);
    }

    /**
     * How many sessions are online, how many requests run and whose they are; empty on Spark 3.4, which doesn't count them. Asks the
     * JSON API of Spark's master (SPARK-57941) first; every release up to 4.2.0 answers 404 there and tells it on its Connect page only.
     *
     * @param timeout for all of it, four requests at most
     */
    public Optional<ConnectActivity> connectActivity(String applicationId, Duration timeout)
            throws IOException, InterruptedException {
        long end = System.nanoTime() + timeout.toNanos();
        try {
            return Optional.of(activityByJson("/api/v1/applications/" + applicationId + "/connect", end));
        } catch (FileNotFoundException e) {
            return activityByPage(end);
        }
    }

    private static Duration until(long end) {
        return Duration.ofNanos(end - System.nanoTime());
    }

    private ConnectActivity activityByJson(String api, long end) throws IOException, InterruptedException {
        List<String> online = new ArrayList<>();
        for (JsonNode session : json(api + "/sessions?offset=0&length=" + MOST_ROWS, until(end))) {
            if (session.path("finishTimestamp").asLong() == 0) {
                online.add(session.path("sessionId").asText(""));
            }
        }
        Operations operations = new Operations();
        for (JsonNode operation : json(api + "/operations?offset=0&length=" + MOST_ROWS, until(end))) {
            operations.add(
                    operation.path("state").asText(""),
                    operation.path("userId").asText(""),
                    operation.path("sessionId").asText(""),
                    operation.path("operationId").asText(""));
        }
        return new ConnectActivity(
                online.size(), operations.running.size(), operations.running, operations.undelivered, online);
    }

    private Optional<ConnectActivity> activityByPage(long end) throws IOException, InterruptedException {
        Answer page = get("/connect/", until(end));
        if (page.status() != 200) {
            // 3.4 has no such page: 302 to the start page.
            return Optional.empty();
        }
        Matcher counts = CONNECT_COUNTS.matcher(TAG.matcher(page.body()).replaceAll(" "));
        if (!counts.find()) {
            throw new IOException(base() + "/connect/ doesn't tell its sessions as known Spark versions do");
        }
        Operations operations = Operations.of(page.body());
        // It shows a hundred rows; a query that runs for long is pushed off by short ones that came after it. And it
        // counts before it lists:
        // one that ends in between is counted and not listed, which the next look tells apart.
        for (int look = 0; look < MORE_LOOKS && operations.running.size() < Integer.parseInt(counts.group(2)); look++) {
            page = get("/connect/?sqlstat.pageSize=" + MOST_ROWS, until(end));
            Matcher again = CONNECT_COUNTS.matcher(TAG.matcher(page.body()).replaceAll(" "));
            if (!again.find()) {
                break;
            }
            counts = again;
            operations = Operations.of(page.body());
        }
        return Optional.of(new ConnectActivity(
                Integer.parseInt(counts.group(1)),
                Integer.parseInt(counts.group(2)),
                operations.running,
                operations.undelivered,
                ONLINE_SESSION
                        .matcher(page.body())
                        .results()
                        .map(row -> row.group(1))
                        .distinct()
                        .toList()));
    }

    private static String unescaped(String text) {
        return text.replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&quot;", "\"")
                .replace("&#39;", "'")
                .replace("&amp;", "&");
    }

    /** What it lists, sorted by what a client still waits for. */
    private static final class Operations {
        private final List<RunningOperation> running = new ArrayList<>();
        private final List<RunningOperation> undelivered = new ArrayList<>();

        static Operations of(String page) {
            Operations operations = new Operations();
            Matcher rows = ROW.matcher(page);
            while (rows.find()) {
                Matcher cells = STATE_AND_TAG.matcher(rows.group());
                if (cells.find()) {
                    // A user's name may look like a session, too: the row's own link knows.
                    Matcher link = SESSION_OF_ROW.matcher(rows.group());
                    boolean swapped = link.find()
                            ? cells.group(2).equals(link.group(1))
                            : !SESSION.matcher(cells.group(3)).matches();
                    String user = cells.group(swapped ? 3 : 2);
                    String session = cells.group(swapped ? 2 : 3);
                    if (SESSION.matcher(session).matches()) {
                        operations.add(cells.group(1), unescaped(user), session, cells.group(4));
                    }
                }
            }
            return operations;
        }

        void add(String state, String user, String session, String id) {
            if (RUNNING.contains(state)) {
                running.add(new RunningOperation(user, session, id));
            } else if (UNDELIVERED.contains(state)) {
                undelivered.add(new RunningOperation(user, session, id));
            }
        }
    }

    /**
     * The heap of the server's JVM, from Spark's metrics of it (JvmSource, which the default template switches on). Empty where they are off,
     * or the heap has no limit.
     */
    public Optional<Heap> heap(Duration timeout) throws IOException, InterruptedException {
        long most = 0;
        long after = 0;
        // With these two the old generation has a limit of its own, well below the heap's: what outlives collections
        // can't grow beyond it.
        long old = 0;
        long oldMost = 0;
        for (Map.Entry<String, JsonNode> gauge :
                json("/metrics/json/", timeout).path("gauges").properties()) {
            // Behind the application's id and the executor's: local-1764429000000.driver.jvm.pools.G1-Old-Gen.used
            int jvm = gauge.getKey().indexOf(".jvm.");
            String name = jvm < 0 ? "" : gauge.getKey().substring(jvm + ".jvm.".length());
            long value = gauge.getValue().path("value").asLong();
            if (name.equals("heap.max")) {
                most = value;
            }
            Matcher fixed = FIXED_OLD.matcher(name);
            if (fixed.matches()) {
                old = fixed.group(1).equals("used") ? value : old;
                oldMost = fixed.group(1).equals("max") ? value : oldMost;
            }
            Matcher pool = HEAP_POOL.matcher(name);
            if (pool.matches()) {
                // A collector without generations has one pool, whose content says nothing; what it was after a
                // collection does.
                boolean whole = !GENERATION.matcher(pool.group(1)).find();
                if (pool.group(2).equals(whole ? "used-after-gc" : "used")) {
                    after += value;
                }
            }
        }
        if (oldMost > 0) {
            return Optional.of(new Heap(old, oldMost));
        }
        return most > 0 ? Optional.of(new Heap(after, most)) : Optional.empty();
    }

    private JsonNode json(String path, Duration timeout) throws IOException, InterruptedException {
        Answer answer = get(path, timeout);
        if (answer.status() == 404) {
            throw new FileNotFoundException(base() + path + " answered 404");
        }
        if (answer.status() != 200) {
            throw new IOException(base() + path + " answered " + answer.status());
        }
        try {
            return JSON.readTree(answer.body());
        } catch (JsonProcessingException e) {
            throw new IOException(base() + path + " answered something that is no JSON", e);
        }
    }

    private record Answer(int status, String head, String body) {
        /** Where YARN's proxy has it, if that is what this answer says. */
        Optional<URI> atYarnsProxy() {
            if (status != 302 && status != 307) {
                return Optional.empty();
            }
            return head.lines()
                    .filter(line -> line.regionMatches(true, 0, "Location:", 0, "Location:".length()))
                    .map(line -> YARN_PROXY.matcher(
                            line.substring("Location:".length()).strip()))
                    .filter(Matcher::matches)
                    .map(proxy -> URI.create(proxy.group(1) + proxy.group(2)))
                    .findFirst();
        }
    }

    private Answer get(String path, Duration timeout) throws IOException, InterruptedException {
        long end = System.nanoTime() + timeout.toNanos();
        Answer answer = get(host, port, path, timeout);
        Optional<URI> proxied;
        try {
            proxied = answer.atYarnsProxy();
        } catch (IllegalArgumentException e) {
            throw new IOException(base() + path + " sends to an address that is none", e);
        }
        if (proxied.isEmpty()) {
            return answer;
        }
        URI proxy = proxied.get();
        String there = proxy.getRawPath() + (proxy.getRawQuery() == null ? "" : "?" + proxy.getRawQuery());
        return get(proxy.getHost(), proxy.getPort() < 0 ? 80 : proxy.getPort(), there, until(end));
    }

    private static Answer get(String host, int port, String path, Duration timeout)
            throws IOException, InterruptedException {
        String base = "http://" + authority(host, port);
        // HTTP/1.0: the body is neither chunked nor compressed, and ends with the connection.
        String request = "GET " + path + " HTTP/1.0\r\nHost: " + authority(host, port)
                + "\r\nUser-Agent: connectctl\r\nAccept: application/json, text/html\r\n\r\n";
        byte[] bytes;
        try (TimedSocket socket = TimedSocket.connect(host, port, timeout.toNanos())) {
            socket.write(request.getBytes(StandardCharsets.US_ASCII));
            bytes = socket.readToEnd(MAX_ANSWER_BYTES);
        }
        String text = new String(bytes, StandardCharsets.UTF_8);
        int head = text.indexOf("\r\n\r\n");
        if (head < 0 || !text.startsWith("HTTP/1.")) {
            throw new IOException(base + path + " was not answered in HTTP/1");
        }
        String statusLine = text.substring(0, text.indexOf("\r\n"));
        String[] words = statusLine.split(" ", 3);
        if (words.length < 2 || !words[1].matches("\\d{3}")) {
            throw new IOException(base + path + " was answered with the status line \"" + statusLine + "\"");
        }
        return new Answer(Integer.parseInt(words[1]), text.substring(0, head), text.substring(head + 4));
    }

    private String authority() {
        return authority(host, port);
    }

    private static String authority(String host, int port) {
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }
}
