package io.connectctl.manager.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.connectctl.compose.runtime.Installation;
import io.connectctl.compose.spec.ServerName;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against recorded answers of a ResourceManager 3.4.1. */
class ResourceManagerTest {
    private static final String APPS =
            """
            {"apps":{"app":[
              {"id":"application_1795954120000_0002","user":"root","name":"sales: Spark Connect server","queue":"root.default",
               "state":"ACCEPTED","finalStatus":"UNDEFINED","progress":0.0,"trackingUI":"UNASSIGNED",
               "diagnostics":"[Sun Nov 29 12:11:09 +0000 2026] Application is added to the scheduler and is not yet activated. ",
               "applicationTags":"connectctl:0123abcd,connectctl:0123abcd:sales,connectctl:0123abcd:sales:2,team",
               "startedTime":1795954160000,"allocatedMB":-1,"runningContainers":-1},
              {"id":"application_1795954120000_0001","queue":"default","state":"KILLED","finalStatus":"KILLED",
               "trackingUrl":"http://127.0.0.1:25104/cluster/app/application_1795954120000_0001",
               "applicationTags":"connectctl:0123abcd,connectctl:0123abcd:sales,connectctl:0123abcd:sales:1",
               "startedTime":1795954130000,"allocatedMB":-1,"runningContainers":-1},
              {"id":"application_1795954120000_0003","queue":"default","state":"RUNNING","finalStatus":"UNDEFINED",
               "applicationTags":"somebody-else","startedTime":1795954135000}
            ]}}""";
    private static final String METRICS =
            """
            {"clusterMetrics":{"availableMB":0,"totalMB":2048,"availableVirtualCores":2,"totalVirtualCores":4,
             "activeNodes":1,"lostNodes":0,"unhealthyNodes":0,"shutdownNodes":0}}""";

    private final Map<String, String> answers = new ConcurrentHashMap<>();
    private final List<String> asked = new ArrayList<>();
    private volatile int status = 200;
    private HttpServer server;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            asked.add(exchange.getRequestMethod() + " " + exchange.getRequestURI() + " " + body);
            String answer = answers.get(exchange.getRequestURI().getPath());
            byte[] bytes = (answer == null ? "" : answer).getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(answer == null ? 404 : status, bytes.length == 0 ? -1 : bytes.length);
            if (bytes.length > 0) {
                exchange.getResponseBody().write(bytes);
            }
            exchange.close();
        });
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private URI address() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    @Test
    void applicationsAreKnownByTheirTagsAndTheNewestComesLast() throws IOException {
        answers.put("/ws/v1/cluster/apps", APPS);

        List<YarnApplication> found =
                new ResourceManager(List.of(address()), "me").tagged(new YarnTags("0123abcd", "sales").ofServer());

        assertThat(found)
                .extracting(YarnApplication::id)
                .containsExactly("application_1795954120000_0001", "application_1795954120000_0002");
        assertThat(found.get(0).over()).isTrue();
        assertThat(found.get(0).queue()).isEqualTo("root.default");
        answers.put("/ws/v1/cluster/apps", APPS.replace("\"queue\":\"default\"", "\"queue\":\"rootcause\""));
        assertThat(new ResourceManager(List.of(address()), "me").tagged("connectctl:0123abcd:sales:1"))
                .extracting(YarnApplication::queue)
                .containsExactly("root.rootcause");
        assertThat(found.get(1).over()).isFalse();
        assertThat(found.get(1).link()).isEmpty();
        assertThat(YarnTags.server(found.get(1).tags(), "0123abcd")).contains(new ServerName("sales"));
        assertThat(YarnTags.server(found.get(1).tags(), "ffffffff")).isEmpty();
        assertThat(asked)
                .element(0)
                .asString()
                .contains("applicationTags=connectctl%3A0123abcd%3Asales", "user.name=me");
    }

    @Test
    void whatIsWaitedForSaysWhereHowLongAndWhatTheClusterHasLeft() throws IOException {
        answers.put("/ws/v1/cluster/apps", APPS);
        answers.put("/ws/v1/cluster/metrics", METRICS);
        ResourceManager manager = new ResourceManager(List.of(address()), "me");

        YarnApplication waiting = manager.tagged("team").get(0);

        assertThat(waiting.waiting(Instant.ofEpochMilli(1795954200000L), Optional.of(manager.room())))
                .isEqualTo(
                        "application_1795954120000_0002 ACCEPTED in queue root.default for 40 s: cluster has 0 of 2048 MiB"
                                + " and 2 of 4 vcores free on 1 node; Application is added to the scheduler and is not yet activated.");
        assertThat(new YarnRoom(0, 0, 0, 0, 0, 1).text())
                .isEqualTo("cluster has no working NodeManager (1 lost or unhealthy)");
    }

    @Test
    void anApplicationIsKilledByItsState() throws IOException {
        answers.put("/ws/v1/cluster/apps/application_1_0001/state", "{\"state\":\"RUNNING\"}");

        new ResourceManager(List.of(address()), "me").kill("application_1_0001");

        assertThat(asked)
                .containsExactly(
                        "PUT /ws/v1/cluster/apps/application_1_0001/state?user.name=me {\"state\":\"KILLED\"}");
    }

    @Test
    void theNextOfSeveralIsAskedAndEachIsNamedWhereNoneAnswers() throws IOException {
        answers.put("/ws/v1/cluster/metrics", METRICS);
        URI dead = URI.create("http://127.0.0.1:1");

        assertThat(new ResourceManager(List.of(dead, address()), "me").room().totalMib())
                .isEqualTo(2048);
        assertThatThrownBy(() -> new ResourceManager(List.of(dead), "me").room())
                .isInstanceOfSatisfying(ResourceManagerException.class, silent -> assertThat(silent.nobodyListens())
                        .isTrue())
                .hasMessageContaining("no ResourceManager answers: http://127.0.0.1:1");
        status = 503;
        assertThatThrownBy(() -> new ResourceManager(List.of(dead, address()), "me").room())
                .as("somebody does")
                .isInstanceOfSatisfying(ResourceManagerException.class, silent -> assertThat(silent.nobodyListens())
                        .isFalse());
        assertThatThrownBy(() -> new ResourceManager(List.of(), "me").room())
                .hasMessageContaining("names no ResourceManager");
    }

    @Test
    void oneThatRefusesIsNoOutage() {
        ResourceManager manager = new ResourceManager(List.of(URI.create("http://127.0.0.1:1"), address()), "me");
        answers.put(
                "/ws/v1/cluster/metrics",
                "{\"RemoteException\":{\"exception\":\"ForbiddenException\",\"message\":\"User me may not look\"}}");

        status = 403;
        assertThat(failure(manager)).isEqualTo(ResourceManagerException.Kind.REFUSES);
        assertThatThrownBy(manager::room).hasMessageContaining("HTTP 403: User me may not look");
        status = 401;
        assertThat(failure(manager)).isEqualTo(ResourceManagerException.Kind.REFUSES);
        assertThatThrownBy(manager::room).hasMessageContaining("Kerberos");
        status = 503;
        assertThat(failure(manager)).isEqualTo(ResourceManagerException.Kind.SILENT);
        status = 302;
        assertThat(failure(manager)).isEqualTo(ResourceManagerException.Kind.SILENT);
        assertThat(failure(new ResourceManager(List.of(), "me"))).isEqualTo(ResourceManagerException.Kind.UNCONFIGURED);
    }

    private static ResourceManagerException.Kind failure(ResourceManager manager) {
        try {
            throw new AssertionError("it answers: " + manager.room());
        } catch (ResourceManagerException e) {
            return e.kind();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void tagsOfALaunchNameInstallationServerAndIncarnation() {
        assertThat(new YarnTags("0123abcd", "sales").forLaunch(3))
                .isEqualTo("connectctl:0123abcd,connectctl:0123abcd:sales,connectctl:0123abcd:sales:3");
        assertThat(new Clusters.Owned(
                                new ServerName("sales"), "application_1_0001", Set.of("connectctl:0123abcd:sales:3"))
                        .of(3))
                .isTrue();
    }

    @Test
    void aContainerThatWasStartedAgainHasTheApplicationOfItsFirstTags() {
        Instant launch = Instant.ofEpochMilli(1_795_954_000_000L);
        YarnApplication before = application("application_1_0001", "KILLED", launch.minusSeconds(60), "sales:1");
        YarnApplication now = application("application_1_0002", "RUNNING", launch.plusSeconds(9), "sales:1");

        assertThat(RealClusters.own(List.of(before, now), "sales:2", launch)).contains(now);
        assertThat(RealClusters.own(List.of(before), "sales:2", launch)).isEmpty();
    }

    @Test
    void anApplicationThatWasOverBeforeTheLaunchIsOfAServerOfThatNameThatWasRemoved() {
        Instant launch = Instant.ofEpochMilli(1_795_954_000_000L);
        YarnApplication removed = application("application_1_0001", "FINISHED", launch.minusSeconds(60), "sales:1");
        YarnApplication failed = application("application_1_0002", "FAILED", launch.plusSeconds(9), "sales:1");

        assertThat(RealClusters.own(List.of(removed), "sales:1", launch)).isEmpty();
        assertThat(RealClusters.own(List.of(removed, failed), "sales:1", launch))
                .contains(failed);
        assertThat(RealClusters.own(
                        List.of(application("application_1_0003", "ACCEPTED", launch.minusSeconds(5), "sales:1")),
                        "sales:1",
                        launch))
                .as("the cluster's clock may be behind")
                .isPresent();
    }

    @Test
    void aStrangersTagHidesNobodysApplicationAndAFolderThatIsGoneIsNamed(@TempDir Path folder) throws Exception {
        Path state = Files.createDirectory(folder.resolve("state"));
        String installation = Installation.of(state);
        answers.put(
                "/ws/v1/cluster/apps",
                APPS.replace("0123abcd", installation)
                        .replace(
                                "\"somebody-else\"",
                                "\"connectctl:" + installation + ",connectctl:" + installation + ":-\""));
        Files.writeString(
                folder.resolve("yarn-site.xml"),
                "<configuration><property><name>yarn.resourcemanager.webapp.address</name><value>127.0.0.1:"
                        + server.getAddress().getPort() + "</value></property></configuration>");
        Files.writeString(state.resolve("hadoop-confs"), folder + "\n" + folder.resolve("gone") + "\n");

        Clusters.Search search = new RealClusters(state, "me").orphans(any -> false);

        assertThat(search.orphans()).extracting(Clusters.Orphan::id).containsExactly("application_1795954120000_0002");
        assertThat(search.unasked()).containsOnlyKeys(folder.resolve("gone").toString());
        assertThat(search.unasked().values()).allMatch(why -> why.contains("hadoop-confs"));
    }

    private static YarnApplication application(String id, String state, Instant startedAt, String tag) {
        return new YarnApplication(
                id, state, "UNDEFINED", "root.default", "", Optional.empty(), startedAt, Set.of(tag), 1, 1024);
    }
}
