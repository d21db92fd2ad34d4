package io.connectctl.health.ui;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.connectctl.health.testing.FakeSparkUi;
import io.connectctl.health.testing.RawServer;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class SparkUiTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    @Test
    void readsTheApplicationItsPropertiesAndItsDriver() throws Exception {
        try (FakeSparkUi fake = FakeSparkUi.of("local-7", "connect/1/abcd")) {
            SparkUi ui = new SparkUi("127.0.0.1", fake.port());

            assertThat(ui.applications(TIMEOUT))
                    .containsExactly(new Application("local-7", "Spark Connect server", "4.0.1"));
            assertThat(ui.property("local-7", "spark.connectctl.instance", TIMEOUT))
                    .contains("connect/1/abcd");
            assertThat(ui.property("local-7", "spark.no.such", TIMEOUT)).isEmpty();
            assertThat(ui.driver("local-7", TIMEOUT)).contains(new Driver(762524467, 4));
        }
    }

    @Test
    void countsSessionsAndRequestsFromTheConnectPage() throws Exception {
        try (FakeSparkUi fake = FakeSparkUi.of("local-7", "m")) {
            fake.page(
                    "/connect/",
                    200,
                    """
                    <html><body><h4>
                          12 session(s) are online,
                          running
                          <b>3</b>
                          Request(s)
                    </h4></body></html>
                    """);
            assertThat(new SparkUi("127.0.0.1", fake.port()).connectActivity("local-7", TIMEOUT))
                    .contains(new ConnectActivity(12, 3, List.of()));
        }
    }

    @Test
    void aRequestThatEndsBetweenTheCountAndTheListIsNone() throws Exception {
        try (FakeSparkUi fake = FakeSparkUi.of("local-7", "m")) {
            fake.once("/connect/", 200, "<h4>1 session(s) are online, running 1 Request(s)</h4>");
            fake.page("/connect/", 200, "<h4>1 session(s) are online, running 0 Request(s)</h4>");

            assertThat(new SparkUi("127.0.0.1", fake.port()).connectActivity("local-7", TIMEOUT))
                    .contains(new ConnectActivity(1, 0, List.of()));
        }
    }

    /** As Spark 4.0.1 writes it, shortened: a statement's text is escaped, so that it can't look like a cell. */
    private static String row(String user, String session, String operation, String state) {
        return """
                <tr>
                  <td>
                    %s
                  </td>
                  <td><span class="description-input">
                      sql { query: &quot;select '&lt;td&gt; RUNNING &lt;/td&gt;'&quot; }
                  </span></td>
                  <td>
                    %s
                  </td>
                  <td>
                    %s
                  </td>
                  <td>
                    SparkConnect_OperationTag_User_%s_Session_%s_Operation_%s
                  </td>
                  <td></td>
                </tr>"""
                .formatted(user, state, operation, user, session, operation);
    }

    @Test
    void tellsWhoseOperationsRun() throws Exception {
        String session = "24b9b91e-429d-47da-a0d4-1eb1db414f85";
        String running = "628ca037-4776-44b9-8777-aa999fcd4263";
        String ended = "b7ee80ef-3a55-4f3b-ae55-236f59c59ac1";
        String untaken = "0c1f3d2e-5a55-4f3b-ae55-236f59c59ac1";
        try (FakeSparkUi fake = FakeSparkUi.of("local-7", "m")) {
            fake.page(
                    "/connect/",
                    200,
                    "<h4>1 session(s) are online, running 1 Request(s)</h4><table>"
                            + row("ann &amp; bob", session, running, "RUNNING")
                            + row("RUNNING", session, untaken, "FINISHED")
                            + row("RUNNING", session, ended, "CLOSED") + "</table>");

            ConnectActivity activity = new SparkUi("127.0.0.1", fake.port())
                    .connectActivity("local-7", TIMEOUT)
                    .orElseThrow();

            assertThat(activity)
                    .isEqualTo(new ConnectActivity(
                            1,
                            1,
                            List.of(new RunningOperation("ann & bob", session, running)),
                            List.of(new RunningOperation("RUNNING", session, untaken))));
            assertThat(activity.summary()).isEqualTo("1 operation of user ann & bob is running");
            assertThat(activity.undeliveredSummary())
                    .isEqualTo("the answer of 1 operation of user RUNNING isn't taken");
            assertThat(activity.without(session)).isEqualTo(new ConnectActivity(1, 0, List.of()));
        }
    }

    @Test
    void spark350NamesSessionAndUserTheWrongWayRound() throws Exception {
        String session = "4475c28c-35b8-4515-b26f-73ae9e9d9cae";
        String running = "d696098b-9c52-4d2f-af17-daace4283043";
        String user = "0c1f3d2e-5a55-4f3b-ae55-236f59c59ac1";
        String row = "<td><a href=\"/connect/session/?id=" + session + "\">" + session + "</a></td><td>";
        for (String name : List.of("etl", user)) {
            try (FakeSparkUi fake = FakeSparkUi.of("local-7", "m")) {
                fake.page(
                        "/connect/",
                        200,
                        "<h4>1 session(s) are online, running 1 Request(s)</h4><table>"
                                + row(session, name, running, "RUNNING").replaceFirst("<td>", row) + "</table>");

                assertThat(new SparkUi("127.0.0.1", fake.port())
                                .connectActivity("local-7", TIMEOUT)
                                .orElseThrow()
                                .running())
                        .containsExactly(new RunningOperation(name, session, running));
            }
        }
    }

    /** As Spark 3.5 and 4.x write it: user, id, start, end, duration, executions. */
    private static String sessionRow(String session, String end) {
        return """
                <tr>
                    <td> etl </td>
                    <td> <a href="http://localhost:4040/connect/session/?id=%s"> %s </a> </td>
                    <td> 2026/11/30 09:00:00 </td>
                    <td> %s </td>
                    <td> 1 second </td>
                    <td> 1 </td>
                </tr>"""
                .formatted(session, session, end);
    }

    @Test
    void aSessionOfOnesOwnIsNoClients() throws Exception {
        String own = "24b9b91e-429d-47da-a0d4-1eb1db414f85";
        String other = "628ca037-4776-44b9-8777-aa999fcd4263";
        try (FakeSparkUi fake = FakeSparkUi.of("local-7", "m")) {
            fake.page(
                    "/connect/",
                    200,
                    "<h4>2 session(s) are online, running 0 Request(s)</h4><table>" + sessionRow(own, "")
                            + sessionRow(other, "")
                            + sessionRow("b7ee80ef-3a55-4f3b-ae55-236f59c59ac1", "2026/11/30 09:00:01")
                            + "</table>");

            ConnectActivity activity = new SparkUi("127.0.0.1", fake.port())
                    .connectActivity("local-7", TIMEOUT)
                    .orElseThrow();

            assertThat(activity.sessions()).containsExactly(own, other);
            assertThat(activity.without(own).onlineSessions()).isEqualTo(1);
            assertThat(activity.without("0c1f3d2e-5a55-4f3b-ae55-236f59c59ac1").onlineSessions())
                    .as("it was closed")
                    .isEqualTo(2);
        }
    }

    @Test
    void asksTheJsonApiFirst() throws Exception {
        try (FakeSparkUi fake = FakeSparkUi.of("local-7", "m")) {
            fake.page(
                    "/api/v1/applications/local-7/connect/sessions",
                    200,
                    """
                    [{"sessionId": "s1", "userId": "etl", "finishTimestamp": 0},
                     {"sessionId": "s2", "userId": "etl", "finishTimestamp": 1763827200000}]
                    """);
            fake.page(
                    "/api/v1/applications/local-7/connect/operations",
                    200,
                    """
                    [{"operationId": "o1", "sessionId": "s1", "userId": "etl", "state": "READY"},
                     {"operationId": "o2", "sessionId": "s1", "userId": "etl", "state": "CANCELED"},
                     {"operationId": "o3", "sessionId": "s1", "userId": "etl", "state": "CLOSED"}]
                    """);

            assertThat(new SparkUi("127.0.0.1", fake.port()).connectActivity("local-7", TIMEOUT))
                    .contains(new ConnectActivity(
                            1,
                            1,
                            List.of(new RunningOperation("etl", "s1", "o1")),
                            List.of(new RunningOperation("etl", "s1", "o2")),
                            List.of("s1")));
            assertThat(fake.requests()).doesNotContain("/connect/");
        }
    }

    private static Optional<Heap> heap(String gauges) throws Exception {
        try (FakeSparkUi fake = FakeSparkUi.of("local-7", "m")) {
            fake.page("/metrics/json/", 200, "{\"version\": \"4.0.0\", \"gauges\": {" + gauges + "}}");
            return new SparkUi("127.0.0.1", fake.port()).heap(TIMEOUT);
        }
    }

    @Test
    void theHeapAfterACollectionIsWhatGenerationsHoldBeyondEden() throws Exception {
        assertThat(
                        heap(
                                """
                                "local-7.driver.jvm.heap.max": {"value": 1000},
                                "local-7.driver.jvm.heap.used": {"value": 900},
                                "local-7.driver.jvm.pools.G1-Eden-Space.used": {"value": 500},
                                "local-7.driver.jvm.pools.G1-Old-Gen.used": {"value": 300},
                                "local-7.driver.jvm.pools.G1-Old-Gen.used-after-gc": {"value": 0},
                                "local-7.driver.jvm.pools.G1-Survivor-Space.used": {"value": 100},
                                "local-7.driver.jvm.pools.Metaspace.used": {"value": 4000},
                                "local-7.driver.BlockManager.memory.maxMem_MB": {"value": 7}
                                """))
                .contains(new Heap(400, 1000));
    }

    @Test
    void aHeapWithoutGenerationsTellsItsLastCollection() throws Exception {
        assertThat(
                        heap(
                                """
                                "app.driver.jvm.heap.max": {"value": 1000},
                                "app.driver.jvm.pools.ZHeap.used": {"value": 900},
                                "app.driver.jvm.pools.ZHeap.used-after-gc": {"value": 250}
                                """))
                .contains(new Heap(250, 1000));
    }

    @Test
    void anOldGenerationWithALimitOfItsOwnIsWhatFills() throws Exception {
        assertThat(
                        heap(
                                """
                                "app.driver.jvm.heap.max": {"value": 1000},
                                "app.driver.jvm.pools.PS-Survivor-Space.used": {"value": 50},
                                "app.driver.jvm.pools.PS-Old-Gen.used": {"value": 640},
                                "app.driver.jvm.pools.PS-Old-Gen.max": {"value": 667}
                                """))
                .contains(new Heap(640, 667));
    }

    @Test
    void aServerWithoutTheJvmsMetricsTellsNoHeap() throws Exception {
        assertThat(heap("\"local-7.driver.BlockManager.memory.maxMem_MB\": {\"value\": 7}"))
                .isEmpty();
    }

    @Test
    void spark34HasNoConnectPage() throws Exception {
        try (FakeSparkUi fake = FakeSparkUi.of("local-7", "m")) {
            fake.page("/connect/", 302, "");
            assertThat(new SparkUi("127.0.0.1", fake.port()).connectActivity("local-7", TIMEOUT))
                    .isEmpty();
        }
    }

    @Test
    void whatAnApplicationOnYarnShowsToItsProxyAloneIsReadThere() throws Exception {
        try (FakeSparkUi proxy = FakeSparkUi.of("local-7", "m")) {
            proxy.page(
                    "/proxy/application_1_0002/api/v1/applications",
                    200,
                    "[{\"id\": \"application_1_0002\", \"name\": \"n\", \"attempts\": []}]");
            String location = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:" + proxy.port() + "%s\r\n\r\n";
            try (RawServer filtered = RawServer.saying(
                            location.formatted("/proxy/redirect/application_1_0002/api/v1/applications"));
                    RawServer elsewhere = RawServer.saying(location.formatted("/api/v1/applications"))) {
                assertThat(new SparkUi("127.0.0.1", filtered.port()).applications(TIMEOUT))
                        .containsExactly(new Application("application_1_0002", "n", ""));
                assertThatThrownBy(() -> new SparkUi("127.0.0.1", elsewhere.port()).applications(TIMEOUT))
                        .as("no other redirect is followed")
                        .hasMessageContaining("answered 302");
            }
            assertThat(proxy.requests()).containsExactly("/proxy/application_1_0002/api/v1/applications");
        }
    }

    @Test
    void anAnswerThatTricklesForEverEndsWithTheTime() throws IOException {
        try (RawServer slow = RawServer.trickling()) {
            SparkUi ui = new SparkUi("127.0.0.1", slow.port());
            assertThatThrownBy(() -> ui.applications(Duration.ofMillis(300)))
                    .isInstanceOf(SocketTimeoutException.class);
        }
    }

    @Test
    void theRequestsForWhatClientsDoShareTheirTime() throws IOException {
        try (RawServer slow = RawServer.saying("HTTP/1.1 404 X\r\n\r\n", Duration.ofMillis(400))) {
            SparkUi ui = new SparkUi("127.0.0.1", slow.port());
            // Either request alone is done in time.
            assertThatThrownBy(() -> ui.connectActivity("local-7", Duration.ofMillis(600)))
                    .isInstanceOf(SocketTimeoutException.class);
        }
    }

    @Test
    void anAnswerWithoutEndIsGivenUp() throws IOException {
        try (RawServer endless = RawServer.saying("HTTP/1.1 200 OK\r\n\r\n" + " ".repeat(9 * 1024 * 1024))) {
            SparkUi ui = new SparkUi("127.0.0.1", endless.port());
            assertThatThrownBy(() -> ui.applications(TIMEOUT)).hasMessageContaining("more than 8388608 bytes");
        }
    }

    @Test
    void whatIsNoSparkUiIsNamed() throws IOException {
        try (RawServer web = RawServer.saying("HTTP/1.1 200 OK\r\n\r\n<html>hello</html>");
                RawServer mail = RawServer.saying("220 mail ready\r\n")) {
            assertThatThrownBy(() -> new SparkUi("127.0.0.1", web.port()).applications(TIMEOUT))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("no JSON");
            assertThatThrownBy(() -> new SparkUi("127.0.0.1", mail.port()).applications(TIMEOUT))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("not answered in HTTP/1");
        }
    }

    @Test
    void aPortOnWhichNothingListensIsRefused() {
        assertThatThrownBy(() -> new SparkUi("127.0.0.1", RawServer.deadPort()).applications(TIMEOUT))
                .isInstanceOf(ConnectException.class);
    }
}
