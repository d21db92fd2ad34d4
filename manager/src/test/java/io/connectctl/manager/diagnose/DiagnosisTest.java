package io.connectctl.manager.diagnose;

import static org.assertj.core.api.Assertions.assertThat;

import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.health.ProbeFailure;
import io.connectctl.health.Rung;
import io.connectctl.manager.lifecycle.Cause;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DiagnosisTest {
    private static final String TAKEN =
            "java.net.BindException: Failed to bind to address /127.0.0.1:15002: Service 'SparkConnectService' failed";

    @Test
    void theHolderOfThePortIsNamedWhereItIsKnown() {
        Evidence evidence = new Evidence(
                Samples.spec(),
                Evidence.Stage.STARTING,
                Samples.exit(255),
                false,
                List.of("26/11/22 16:03:37 ERROR SparkConnectServer: Error starting Spark Connect server", TAKEN),
                Optional.empty(),
                Optional.of("java (pid 4711)"),
                Optional.empty(),
                List.of());

        Cause cause = Diagnosis.diagnose(evidence);

        assertThat(cause.summary()).isEqualTo("gRPC port 15002 is taken by java (pid 4711)");
        assertThat(cause.remedy()).contains("`connectctl start sales --port 15003`");
        assertThat(cause.retryable()).isFalse();
    }

    @Test
    void anOwnUiOnTheGrpcPortIsNoOtherProcess() {
        Cause cause = Diagnosis.diagnose(Samples.failedStart(
                Samples.spec(),
                255,
                List.of(
                        "26/11/22 16:00:00 WARN Utils: Service 'SparkUI' could not bind on port 15001. Attempting port 15002.",
                        "26/11/22 16:00:01 INFO Utils: Successfully started service 'SparkUI' on port 15002.",
                        "26/11/22 16:03:37 ERROR SparkConnectServer: Error starting Spark Connect server",
                        TAKEN)));

        assertThat(cause.code()).isEqualTo("UI_PORT_TAKEN");
        assertThat(cause.remedy()).contains("--ui-port auto");
    }

    @Test
    void theEarliestComplaintIsTheCause() {
        Cause cause = Diagnosis.diagnose(Samples.failedStart(
                Samples.spec("4.0.1", "spark://h:7077", Map.of(), Map.of()),
                255,
                List.of(
                        "26/11/22 16:00:00 ERROR StandaloneSchedulerBackend: Application has been killed. Reason: All masters are unresponsive! Giving up.",
                        "26/11/22 16:00:01 ERROR SparkConnectServer: Error starting Spark Connect server",
                        "java.lang.ClassNotFoundException: com.example.Nope")));

        assertThat(cause.code()).isEqualTo("MASTER_UNREACHABLE");
    }

    @Test
    void executorsThatGotToTheDriverOnceDontEndForWantOfAWayToIt() {
        List<String> log = List.of(
                "26/11/22 16:00:00 INFO StandaloneAppClient$ClientEndpoint: Executor updated: app-1/0 is now EXITED (Command exited with code 1)",
                "26/11/22 16:00:01 ERROR StandaloneSchedulerBackend: Application has been killed. Reason: Master removed our application: FAILED");
        List<String> registered = new ArrayList<>(log);
        registered.add(
                0,
                "26/11/22 15:59:00 INFO StandaloneSchedulerBackend$StandaloneDriverEndpoint: Registered executor NettyRpcEndpointRef(spark-client://Executor) with ID 0");
        ServerSpec spec = Samples.spec("4.0.1", "spark://h:7077", Map.of(), Map.of());

        assertThat(Diagnosis.diagnose(Samples.failedStart(spec, 1, log)).code()).isEqualTo("DRIVER_UNREACHABLE");
        assertThat(Diagnosis.diagnose(Samples.failedStart(spec, 1, registered)).code())
                .isNotEqualTo("DRIVER_UNREACHABLE");
    }

    /** The application master's last words, as Spark 3.5 logs them behind the line that tells of its end. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "Caused by: java.io.IOException: Failed to connect to /127.66.0.9:43739",
                "Caused by: java.io.IOException: Failed to send RPC RPC 665051 to /127.66.0.9:43739: io.netty.channel.StacklessClosedChannelException",
                "Caused by: java.io.IOException: Connection from /127.66.0.9:43739 closed",
                "Caused by: org.apache.spark.rpc.RpcTimeoutException: Cannot receive any reply from /127.66.0.9:43739 in 120 seconds. This timeout is controlled by spark.rpc.askTimeout",
                "org.apache.spark.rpc.RpcTimeoutException: Futures timed out after [120 seconds]. This timeout is controlled by spark.rpc.lookupTimeout"
            })
    void applicationMasterThatDoesntGetToTheDriverTellsSoInMoreThanOneWay(String reason) {
        List<String> log = List.of(
                "26/11/30 06:44:22 ERROR YarnClientSchedulerBackend: YARN application has exited unexpectedly with state FAILED! Check the YARN application logs for more details.",
                "26/11/30 06:44:22 ERROR YarnClientSchedulerBackend: Diagnostics message: Uncaught exception: org.apache.spark.SparkException: Exception thrown in awaitResult: ",
                "\tat org.apache.spark.deploy.yarn.ApplicationMaster.runExecutorLauncher(ApplicationMaster.scala:553)",
                reason);
        ServerSpec spec = Samples.spec("3.5.0", "yarn", Map.of(), Map.of());

        assertThat(Diagnosis.diagnose(Samples.failedStart(spec, 1, log)).code()).isEqualTo("DRIVER_UNREACHABLE");
        assertThat(Diagnosis.diagnose(Samples.failedStart(spec, 1, log.subList(0, 3)))
                        .code())
                .as("its last words alone prove nothing of that")
                .isEqualTo("APPLICATION_KILLED");
        assertThat(Diagnosis.diagnose(new Evidence(
                                spec,
                                Evidence.Stage.RUNNING,
                                Samples.exit(1),
                                false,
                                log,
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty(),
                                List.of()))
                        .code())
                .as("of a server that ran they tell of something else")
                .isEqualTo("APPLICATION_KILLED");
    }

    @Test
    void aClusterThatAnsweredTheDriverIsNotCalledSilentForItsWebPage() {
        String silence = "The cluster says nothing: no ResourceManager answers: https://rm:8090: Connection refused";
        String verifying =
                "26/11/22 16:00:00 INFO Client: Verifying our application has not requested more than the maximum memory capability of the cluster (8192 MB per container)";

        assertThat(Diagnosis.diagnose(inTime(List.of(silence))).code()).isEqualTo("YARN_UNREACHABLE");
        assertThat(Diagnosis.diagnose(inTime(List.of(silence))).summary()).contains(" https://rm:8090 ");
        assertThat(Diagnosis.diagnose(inTime(List.of(verifying, silence))).code())
                .isEqualTo("START_TIMEOUT");
        assertThat(Diagnosis.diagnose(inTime(List.of("YARN says: cluster has no working NodeManager")))
                        .code())
                .isEqualTo("NODES_DOWN");
    }

    @Test
    void aMasterThatIsSilentIsToldBeforeItsDriverGotToIt() {
        String silence = "The cluster says nothing: no standalone master answers: h:7077: Connection refused";
        String connected =
                "26/11/22 16:00:00 INFO StandaloneSchedulerBackend: Connected to Spark cluster with app ID app-20261122160000-0000";

        assertThat(Diagnosis.diagnose(inTime("spark://h:7077", List.of(silence)))
                        .code())
                .isEqualTo("MASTER_UNREACHABLE");
        assertThat(Diagnosis.diagnose(inTime("spark://h:7077", List.of(connected, silence)))
                        .code())
                .isEqualTo("START_TIMEOUT");
    }

    private static Evidence inTime(List<String> log) {
        return inTime("yarn", log);
    }

    /** One that lives, and wasn't usable in time. */
    private static Evidence inTime(String master, List<String> log) {
        return new Evidence(
                Samples.spec("3.5.0", master, Map.of(), Map.of()),
                Evidence.Stage.STARTING,
                Optional.empty(),
                true,
                log,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                List.of());
    }

    private static Cause noQuery(ProbeFailure.Kind kind, String... log) {
        return Diagnosis.diagnose(new Evidence(
                Samples.spec(),
                Evidence.Stage.RUNNING,
                Optional.empty(),
                true,
                List.of(log),
                Optional.of(new ProbeFailure(Rung.QUERY, kind, "it answered UNKNOWN")),
                Optional.empty(),
                Optional.empty(),
                List.of()));
    }

    private static final String UNHANDLED =
            "26/11/22 16:00:00 ERROR SerializingExecutor: Exception while executing runnable org.sparkproject.connect.grpc.internal.ServerImpl$1@1";
    private static final String NO_SESSION =
            "java.lang.IllegalArgumentException: Error while instantiating 'org.apache.spark.sql.internal.SessionStateBuilder':";
    private static final String REFUSED =
            "Caused by: java.lang.IllegalArgumentException: spark.sql.codegen.maxFields should be int, but was x";

    @Test
    void aSettingThatNoSessionCanBeMadeWithIsNamedWhereOurQueryFailed() {
        Cause cause = noQuery(ProbeFailure.Kind.QUERY_FAILED, UNHANDLED, NO_SESSION, REFUSED);

        assertThat(cause.code()).isEqualTo("BAD_CONF_VALUE");
        assertThat(cause.retryable()).isFalse();
        assertThat(noQuery(ProbeFailure.Kind.TIMED_OUT, UNHANDLED, NO_SESSION, REFUSED)
                        .retryable())
                .as("our query may have failed for another reason")
                .isTrue();
    }

    @Test
    void aMetastoreThatIsAwayIsNoSetting() {
        Cause cause = noQuery(
                ProbeFailure.Kind.QUERY_FAILED,
                UNHANDLED,
                NO_SESSION.replace("internal.Session", "hive.HiveSession"),
                "Caused by: java.net.UnknownHostException: metastore");

        assertThat(cause.code()).isEqualTo("PROBE_FAILED");
        assertThat(cause.retryable()).isTrue();
        assertThat(cause.summary()).contains("Spark can't make a session", "UnknownHostException: metastore");
    }

    @Test
    void whatAUsersQuerySaysProvesNothing() {
        Cause cause = noQuery(
                ProbeFailure.Kind.QUERY_FAILED,
                "26/11/22 16:00:00 ERROR ErrorUtils: Spark Connect RPC error during: execute. UserId: eve.",
                "org.apache.spark.SparkRuntimeException: [USER_RAISED_EXCEPTION] " + NO_SESSION
                        + " Exception: spark.sql.x: nope",
                NO_SESSION,
                REFUSED);

        assertThat(cause.code()).isEqualTo("PROBE_FAILED");
        assertThat(cause.retryable()).isTrue();
        assertThat(cause.summary()).doesNotContain("session");
    }

    @Test
    void anUnknownEndTellsExitAndLogAndDoesNotGuess() {
        Cause cause = Diagnosis.diagnose(Samples.failedStart(
                Samples.spec(),
                42,
                List.of("26/11/22 16:00:00 ERROR Something: it broke", "java.lang.Error: never seen")));

        assertThat(cause.code()).isEqualTo("UNKNOWN");
        assertThat(cause.summary()).contains("exit code 42");
        assertThat(cause.remedy())
                .contains("`connectctl logs sales`", "/srv/connectctl/servers/sales/run/1/server.log");
        assertThat(cause.evidence()).contains("java.lang.Error: never seen");
    }

    @Test
    void anOutOfMemoryKillIsToldFromAnyOtherKillByTheRuntimesNoteOnly() {
        List<String> log =
                List.of("26/11/22 16:00:00 INFO SparkConnectServer: Spark Connect server started at: [::]:15002");

        assertThat(Diagnosis.diagnose(Samples.failedStart(Samples.spec(), 137, log))
                        .code())
                .isEqualTo("KILLED");
    }

    @Test
    void newsOfItsWorkAreNoEvidenceOfAKill() {
        List<String> log = List.of(
                "2026-11-23T04:48:30.000Z WARN TaskSetManager: Stage 1 contains a task of very large size",
                "2026-11-23T04:48:34.901Z INFO BlockManagerInfo: Removed broadcast_1_piece0 on localhost:35561");

        assertThat(Diagnosis.diagnose(Samples.failedStart(Samples.spec(), 137, log))
                        .evidence())
                .containsExactly("signal 9 (SIGKILL)");
    }

    @Test
    void aComplaintJustBeforeAKillIsItsEvidence() {
        List<String> log = List.of(
                "2026-11-23T04:48:30.000Z INFO BlockManagerInfo: Added broadcast_1_piece0",
                "2026-11-23T04:48:34.901Z WARN MemoryStore: Not enough space to cache rdd_0 in memory!");

        assertThat(Diagnosis.diagnose(Samples.failedStart(Samples.spec(), 137, log))
                        .evidence())
                .containsExactly("signal 9 (SIGKILL)", log.get(1));
    }

    @Test
    void aRunningServersQueryErrorsExplainNothing() {
        Evidence evidence = new Evidence(
                Samples.spec(),
                Evidence.Stage.RUNNING,
                Samples.exit(1),
                false,
                List.of(
                        "26/11/22 16:00:00 ERROR ErrorUtils: Spark Connect RPC error during: execute.",
                        "java.lang.ClassNotFoundException: com.example.Nope",
                        "26/11/22 16:00:01 ERROR ErrorUtils: Spark Connect RPC error during: execute.",
                        "[USER_RAISED_EXCEPTION] java.lang.OutOfMemoryError: Java heap space, No space left on device"),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                List.of());

        assertThat(Diagnosis.diagnose(evidence).code()).isEqualTo("UNKNOWN");
    }

    @Test
    void noSecretIsShown() {
        ServerSpec spec = Samples.spec(
                "4.0.1",
                "local[*]",
                Map.of("spark.hadoop.fs.s3a.secret.key", "conf-s3cret-1"),
                Map.of("DB_PASSWORD", "env-s3cret-2", "PIN", "77"));
        Evidence evidence = new Evidence(
                spec,
                Evidence.Stage.STARTING,
                Samples.exit(1),
                false,
                List.of("Exception in thread \"main\" java.lang.IllegalArgumentException: requirement failed: "
                        + "conf-s3cret-1 env-s3cret-2 PIN=77 t0ken-s3cret-3 password=s3cret-4 jdbc://ada:s3cret-5@h/x"),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                List.of("t0ken-s3cret-3"));

        Cause cause = Diagnosis.diagnose(evidence);

        assertThat(cause.code()).isEqualTo("BAD_CONF_VALUE");
        assertThat(cause.toString()).doesNotContain("s3cret").doesNotContain("PIN=77");
        assertThat(evidence.toString()).doesNotContain("s3cret");
    }

    @Property(tries = 200)
    void anyLogAndAnyEndHaveACause(@ForAll @Size(max = 30) List<String> log, @ForAll int exit, @ForAll boolean byUs) {
        Evidence evidence = new Evidence(
                Samples.spec(),
                exit % 2 == 0 ? Evidence.Stage.STARTING : Evidence.Stage.RUNNING,
                exit % 3 == 0 ? Optional.empty() : Samples.exit(Math.floorMod(exit, 256)),
                byUs,
                log,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                List.of());

        Cause cause = Diagnosis.diagnose(evidence);

        assertThat(Rules.codes()).contains(cause.code());
        assertThat(cause.summary()).isNotBlank();
    }

    @Property(tries = 200)
    void fragmentsOfRealComplaintsInAnyMixtureHaveACause(
            @ForAll @Size(max = 8) List<Fragment> fragments, @ForAll String noise) {
        List<String> log =
                fragments.stream().map(fragment -> fragment.text + noise).toList();

        assertThat(Rules.codes())
                .contains(Diagnosis.diagnose(Samples.failedStart(Samples.spec(), 1, log))
                        .code());
    }

    @Test
    void hugeLinesAndLongLogsTakeBoundedTime() {
        String huge = "26/11/22 16:00:00 ERROR X: Failed to bind to address " + "0.0.0.0/:a'\" ".repeat(20_000);
        List<String> log = Collections.nCopies(Diagnosis.MOST_LINES, huge);

        Assertions.assertTimeout(
                Duration.ofSeconds(20), () -> Diagnosis.diagnose(Samples.failedStart(Samples.spec(), 1, log)));
    }

    /** Beginnings that the rules' patterns look for, some of them cut where a number or a name should come. */
    enum Fragment {
        BIND("java.net.BindException: Failed to bind to address /127.0.0.1:"),
        PORT("java.net.BindException: Failed to bind to address /127.0.0.1:99999 Address already in use"),
        MEMORY("System memory 99999999999999999 must be at least 471859200"),
        VERSION("class file version (999.0) up to 61.0"),
        OPENED("Exception in thread \"main\" "),
        LOGGED("26/11/22 16:00:00 ERROR SparkContext: "),
        CAUSED("Caused by: java.lang.ClassNotFoundException: "),
        UNIT("java.lang.NumberFormatException: Time must be specified as"),
        PACKAGE("[unresolved dependency: "),
        CRASH("#  SIGSEGV (0xb) at pc=0x"),
        OOM("java.lang.OutOfMemoryError: ");

        private final String text;

        Fragment(String text) {
            this.text = text;
        }
    }
}
