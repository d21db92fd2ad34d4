package io.connectctl.junit5;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.testkit.engine.EngineExecutionResults;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Event;

/** JUnit runs test classes that declare servers; what they saw and what became of the leases is looked at afterwards. */
@Timeout(60)
class ConnectServerTest {
    /** What the test classes below saw, by whatever they call it. */
    private static final Map<String, String> SEEN = new ConcurrentHashMap<>();

    private FakeConnectctl fake;

    @BeforeEach
    void install(@TempDir Path folder) {
        fake = new FakeConnectctl(folder);
        SEEN.clear();
    }

    private EngineExecutionResults execute(Class<?>... classes) {
        return EngineTestKit.engine("junit-jupiter")
                .selectors(
                        Stream.of(classes).map(DiscoverySelectors::selectClass).toArray(DiscoverySelector[]::new))
                .configurationParameter("connectctl.command", fake.command().toString())
                .configurationParameter("junit.jupiter.execution.parallel.enabled", "true")
                .configurationParameter("junit.jupiter.execution.parallel.mode.classes.default", "concurrent")
                .configurationParameter("junit.jupiter.execution.parallel.config.strategy", "fixed")
                .configurationParameter("junit.jupiter.execution.parallel.config.fixed.parallelism", "2")
                .execute();
    }

    private static void allPassed(EngineExecutionResults results, int tests) {
        results.allEvents().failed().stream().forEach(event -> {
            throw new AssertionError(event.toString(), thrown(event));
        });
        assertThat(results.testEvents().succeeded().count()).isEqualTo(tests);
    }

    private static Throwable thrown(Event event) {
        return event.getRequiredPayload(TestExecutionResult.class)
                .getThrowable()
                .orElseThrow();
    }

    /** The messages of what failed, causes included. */
    private static String failures(EngineExecutionResults results) {
        StringBuilder messages = new StringBuilder();
        results.allEvents().failed().stream().forEach(event -> {
            for (Throwable at = thrown(event); at != null; at = at.getCause()) {
                messages.append(at.getMessage()).append('\n');
            }
        });
        return messages.toString();
    }

    private static void saw(String what, Object value) {
        SEEN.put(what, value.toString());
    }

    // ------------------------------------------------------------------ one class

    @ConnectServer(
            spark = "4.0.1",
            master = "local[1]",
            driverMemory = "1g",
            conf = {"a=1", "b=2 3"},
            packages = {"g:a:1", "g:b:2"},
            runtime = "process",
            from = "connectctl.yaml",
            options = {"--server", "sales"},
            ttl = "10m")
    @SuppressWarnings("NullAway.Init") // JUnit sets the fields.
    static class Everything {
        @ConnectServer
        static String inStaticField;

        @ConnectServer
        private ConnectServerHandle inField;

        private final ConnectServerHandle inConstructor;

        Everything(ConnectServerHandle server) {
            inConstructor = server;
        }

        @BeforeAll
        static void before(ConnectServerHandle server) {
            saw("before", server.url());
        }

        @Test
        void test(ConnectServerHandle server, @ConnectServer String url) {
            saw("static field", inStaticField);
            saw("field", inField.url());
            saw("constructor", inConstructor.url());
            saw("parameter", server.url());
            saw("url", url);
        }

        @Test
        void another(ConnectServerHandle server) {
            saw("another", server.url());
        }
    }

    @Test
    void oneServerIsSeenEverywhereInItsClassAndGoneAfterwards() {
        allPassed(execute(Everything.class), 2);

        assertThat(SEEN.values()).hasSize(7).allMatch(url -> url.startsWith("sc://localhost:15001"));
        assertThat(SEEN).containsEntry("url", "sc://localhost:15001/;token=secret-1");
        assertThat(fake.calls("lease"))
                .singleElement()
                .asString()
                .startsWith("lease --quiet --spark 4.0.1 --master local[1] --driver-memory 1g --conf a=1 --conf b=2 3"
                        + " --packages g:a:1 --packages g:b:2 --runtime process --from connectctl.yaml --server sales"
                        + " --ttl 600000ms --owner ");
        assertThat(fake.calls("release")).containsExactly("release 1");
    }

    @ConnectServer
    static class NobodyAsks {
        @Test
        void test() {}
    }

    @Test
    void serverOfAClassIsThereBeforeAnybodyAsks() {
        allPassed(execute(NobodyAsks.class), 1);

        assertThat(fake.calls("lease")).hasSize(1);
        assertThat(fake.held()).isEmpty();
    }

    // ------------------------------------------------------------------ who shares

    @ConnectServer(spark = "4.0.1")
    static class Outer {
        @Test
        void test(ConnectServerHandle server) {
            saw("outer", server.url());
        }

        @Nested
        class Inner {
            @Test
            void test(ConnectServerHandle server) {
                saw("inner", server.url());
            }
        }

        @Nested
        @ConnectServer(spark = "4.0.1")
        class WithItsOwn {
            @Test
            void test(ConnectServerHandle server) {
                saw("own", server.url());
            }
        }
    }

    @Test
    void nestedClassesShareTheServerUnlessTheyDeclareOne() {
        allPassed(execute(Outer.class), 3);

        assertThat(SEEN.get("inner")).isEqualTo(SEEN.get("outer")).isNotEqualTo(SEEN.get("own"));
        assertThat(fake.calls("lease")).hasSize(2);
        assertThat(fake.held()).isEmpty();
    }

    @ConnectServer(spark = "4.0.1")
    abstract static class Base {
        @Test
        void test(ConnectServerHandle server) {
            saw(getClass().getSimpleName(), server.url());
        }

        @Nested
        class InheritedNested {
            @Test
            void test(ConnectServerHandle server) {
                saw(Base.this.getClass().getSimpleName() + " nested", server.url());
            }
        }
    }

    static class First extends Base {}

    static class Second extends Base {}

    @Test
    void subclassesGetTheirOwn() {
        allPassed(execute(First.class, Second.class), 4);

        assertThat(SEEN.get("First")).isNotEqualTo(SEEN.get("Second")).isEqualTo(SEEN.get("First nested"));
        assertThat(SEEN.get("Second")).isEqualTo(SEEN.get("Second nested"));
        assertThat(fake.calls("lease")).hasSize(2);
        assertThat(fake.held()).isEmpty();
    }

    /** Two classes that each go on only when both are there: they run at once, or time out. */
    private static final class Meeting {
        private static volatile CountDownLatch both = new CountDownLatch(2);

        static void wait(String who, ConnectServerHandle server) throws InterruptedException {
            saw(who, server.url());
            both.countDown();
            assertThat(both.await(20, TimeUnit.SECONDS)).as("the other one").isTrue();
        }
    }

    @ConnectServer
    static class OneOfEach1 {
        @Test
        void test(ConnectServerHandle server) throws InterruptedException {
            Meeting.wait("1", server);
        }
    }

    @ConnectServer
    static class OneOfEach2 {
        @Test
        void test(ConnectServerHandle server) throws InterruptedException {
            Meeting.wait("2", server);
        }
    }

    @Test
    void parallelClassesGetTheirOwn() {
        Meeting.both = new CountDownLatch(2);
        allPassed(execute(OneOfEach1.class, OneOfEach2.class), 2);

        assertThat(SEEN.get("1")).isNotEqualTo(SEEN.get("2"));
        assertThat(fake.held()).isEmpty();
    }

    @ConnectServer(spark = "4.0.1", reuse = Reuse.RUN)
    static class Shares1 {
        @Test
        void test(ConnectServerHandle server) throws InterruptedException {
            Meeting.wait("1", server);
        }
    }

    @ConnectServer(spark = "4.0.1", reuse = Reuse.RUN)
    static class Shares2 {
        @Test
        void test(ConnectServerHandle server) throws InterruptedException {
            Meeting.wait("2", server);
        }
    }

    @ConnectServer(spark = "3.5.0", reuse = Reuse.RUN)
    static class SharesAnother {
        @Test
        void test(ConnectServerHandle server) {
            saw("another", server.url());
        }
    }

    @Test
    void parallelClassesThatDeclareTheSameForARunShareOneServer() {
        Meeting.both = new CountDownLatch(2);
        allPassed(execute(Shares1.class, Shares2.class, SharesAnother.class), 3);

        assertThat(SEEN.get("1")).isEqualTo(SEEN.get("2")).isNotEqualTo(SEEN.get("another"));
        assertThat(fake.calls("lease")).hasSize(2);
        assertThat(fake.calls("release")).hasSize(2);
        assertThat(fake.held()).isEmpty();
    }

    @Retention(RetentionPolicy.RUNTIME)
    @ConnectServer(conf = "spark.sql.shuffle.partitions=1", reuse = Reuse.RUN)
    @interface SmallSpark {}

    @SmallSpark
    static class ByAnAnnotationOfYourOwn {
        @Test
        void test(@SmallSpark String url, ConnectServerHandle server) {
            saw("url", url);
            saw("handle", server.urlWithToken());
        }
    }

    @Test
    void annotationsOfYourOwnDeclareServers() {
        allPassed(execute(ByAnAnnotationOfYourOwn.class), 1);

        assertThat(SEEN.get("url")).isEqualTo(SEEN.get("handle"));
        assertThat(fake.calls("lease"))
                .singleElement()
                .asString()
                .startsWith("lease --quiet --conf spark.sql.shuffle.partitions=1 ");
    }

    // ------------------------------------------------------------------ fields and parameters alone

    @SuppressWarnings("NullAway.Init") // JUnit sets the fields.
    static class TwoOfThem {
        @ConnectServer(spark = "3.5.0")
        String old;

        @ConnectServer(spark = "4.0.1")
        String young;

        @Test
        void test(@ConnectServer(spark = "4.0.1") ConnectServerHandle again, @ConnectServer ConnectServerHandle plain) {
            saw("old", old);
            saw("young", young);
            saw("again", again.urlWithToken());
            saw("plain", plain.url());
        }

        @Test
        void seesTheSame() {
            saw("young elsewhere", young);
        }
    }

    @Test
    void fieldsAndParametersDeclareServersOfTheirClass() {
        allPassed(execute(TwoOfThem.class), 2);

        assertThat(SEEN.get("young")).isEqualTo(SEEN.get("again")).isEqualTo(SEEN.get("young elsewhere"));
        assertThat(SEEN.get("old")).doesNotContain("token");
        assertThat(List.of(SEEN.get("old"), SEEN.get("young"), SEEN.get("plain")))
                .doesNotHaveDuplicates();
        assertThat(fake.calls("lease")).hasSize(3);
        assertThat(fake.held()).isEmpty();
    }

    @ConnectServer
    static class SomebodyElsesString {
        @RegisterExtension
        static final ParameterResolver OTHER = new ParameterResolver() {
            @Override
            public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
                return parameter.getParameter().getType() == String.class
                        && !parameter.isAnnotated(ConnectServer.class);
            }

            @Override
            public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
                return "theirs";
            }
        };

        @Test
        void test(String theirs, @ConnectServer String ours) {
            saw("theirs", theirs);
            saw("ours", ours);
        }
    }

    @ConnectServer
    static class Parameterized {
        @ParameterizedTest
        @ValueSource(strings = "a value")
        void parameterized(String value, ConnectServerHandle server) {
            saw("value", value);
        }
    }

    @Test
    void otherResolversStringsAreLeftAlone() {
        allPassed(execute(SomebodyElsesString.class, Parameterized.class), 2);

        assertThat(SEEN).containsEntry("theirs", "theirs").containsEntry("value", "a value");
        assertThat(SEEN.get("ours")).startsWith("sc://");
    }

    // ------------------------------------------------------------------ failures

    @Test
    void failedStartFailsTheClassWithItsCause() {
        fake.fails("lease", 4, "lease-1 FAILED  CLASS_NOT_FOUND: no.such.Plugin\n  name it in --packages");

        EngineExecutionResults results = execute(Everything.class);

        assertThat(results.testEvents().started().count()).isZero();
        assertThat(failures(results)).contains("CLASS_NOT_FOUND: no.such.Plugin\n  name it in --packages");
        assertThat(fake.calls("release")).isEmpty();
    }

    @Test
    void failedStartOfASharedServerIsToldToAllAndTriedOnce() {
        fake.fails("lease", 4, "lease-1 FAILED  CLASS_NOT_FOUND");

        EngineExecutionResults results = execute(Shares1.class, Shares2.class);

        assertThat(results.containerEvents().failed().count()).isEqualTo(2);
        assertThat(failures(results).split("CLASS_NOT_FOUND", -1).length).isGreaterThanOrEqualTo(3);
        assertThat(fake.calls("lease")).hasSize(1);
    }

    @Test
    void failedStartForAFieldFailsTheTest() {
        fake.fails("lease", 4, "lease-1 FAILED  CLASS_NOT_FOUND");

        EngineExecutionResults results = execute(TwoOfThem.class);

        assertThat(results.testEvents().failed().count()).isEqualTo(2);
        assertThat(failures(results)).contains("CLASS_NOT_FOUND");
    }

    @ConnectServer
    @SuppressWarnings("NullAway.Init") // JUnit sets the fields.
    static class WrongField {
        @ConnectServer
        Integer port;

        @Test
        void test() {}
    }

    @ConnectServer
    static class FinalField {
        @ConnectServer
        final String url = "";

        @Test
        void test() {}
    }

    static class WrongParameter {
        @Test
        void test(@ConnectServer int port) {}
    }

    @SuppressWarnings("NullAway.Init") // JUnit sets the fields.
    static class NothingDeclared {
        @ConnectServer(spark = "4.0.1")
        String url;

        @Test
        void test(ConnectServerHandle server) {}
    }

    @ConnectServer(ttl = "5 minutes")
    static class WrongTime {
        @Test
        void test() {}
    }

    @Test
    void mistakesAreNamedWithTheirRemedy() {
        assertThat(failures(execute(WrongField.class))).contains("WrongField.port is a java.lang.Integer");
        assertThat(failures(execute(FinalField.class))).contains("FinalField.url is final");
        assertThat(failures(execute(WrongParameter.class))).contains("is a int");
        assertThat(failures(execute(NothingDeclared.class)))
                .contains("nothing declares its server", "put @ConnectServer on the parameter");
        assertThat(failures(execute(WrongTime.class))).contains("ttl = \"5 minutes\"", "such as 30m");
        assertThat(fake.held()).isEmpty();
    }
}
