package io.connectctl.manager.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.connectctl.compose.runtime.Folders;
import io.connectctl.compose.runtime.JavaChoice;
import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.runtime.ServerRuntime;
import io.connectctl.compose.runtime.process.ProcessRuntime;
import io.connectctl.compose.runtime.testing.FakeRuntime;
import io.connectctl.health.doctor.Check;
import io.connectctl.health.doctor.Doctor;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is told of a machine, from files that stand for it. */
class MachineDoctorTest {
    private Path root;
    private Path memory;
    private Path config;
    private Path state;
    private final Map<String, ServerRuntime> runtimes = new TreeMap<>();
    private final Map<String, String> environment = new TreeMap<>();

    @BeforeEach
    void machine(@TempDir Path temporary) throws Exception {
        root = temporary;
        config = root.resolve("config");
        state = root.resolve("state");
        memory = root.resolve("meminfo");
        Files.writeString(memory, "MemTotal:       16777216 kB\nMemAvailable:    8388608 kB\n");
    }

    @Test
    void aFreshMachineIsFineAndNothingIsMade() throws Exception {
        Map<String, Check> checks = examine();

        assertThat(checks.keySet()).containsExactlyElementsOf(MachineDoctor.CHECKS);
        assertThat(told(checks, "folders").detail()).isEqualTo("none is made yet");
        assertThat(told(checks, "memory").detail()).isEqualTo("8.0 GiB of 16.0 GiB are available");
        assertThat(root).isDirectoryNotContaining("glob:**/{config,state,run,cache}");
    }

    @Test
    void aHadoopConfigurationWithoutAResourceManagerIsAWarning() throws Exception {
        environment.put("HADOOP_CONF_DIR", root.toString());

        Check check = told(examine(), "cluster");

        assertThat(check.verdict()).isEqualTo(Check.Verdict.WARNING);
        assertThat(check.code()).isEqualTo("HADOOP_CONF_UNFIT");
        assertThat(check.detail()).contains(root.toString());
    }

    @Test
    void aResourceManagerThatDoesNotAnswerIsAWarningWithItsAddress() throws Exception {
        int closed;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            closed = socket.getLocalPort();
        }
        Files.writeString(
                root.resolve("yarn-site.xml"),
                "<configuration><property><name>yarn.resourcemanager.webapp.address</name><value>127.0.0.1:" + closed
                        + "</value></property></configuration>");
        environment.put("HADOOP_CONF_DIR", root.toString());

        Check check = told(examine(), "cluster");

        assertThat(check.code()).isEqualTo("YARN_UNREACHABLE");
        assertThat(check.detail()).contains("127.0.0.1:" + closed);
    }

    @Test
    void tooLittleMemoryForTheDefaultServerIsAWarning() throws Exception {
        Files.writeString(memory, "MemTotal:       16777216 kB\nMemAvailable:     262144 kB\n");

        Check check = told(examine(), "memory");

        assertThat(check.verdict()).isEqualTo(Check.Verdict.WARNING);
        assertThat(check.code()).isEqualTo("MEMORY_LOW");
    }

    @Test
    void aStateFolderThatOthersMayReadIsNamed() throws Exception {
        Files.createDirectory(state);
        Files.setPosixFilePermissions(state, PosixFilePermissions.fromString("rwxr-xr-x"));

        Check check = told(examine(), "folders");

        assertThat(check.code()).isEqualTo("FOLDER_OPEN");
        assertThat(check.detail()).contains(state.toString());
    }

    /** It is only read, and nobody makes it. */
    @Test
    void aConfigFolderThatCannotBeMadeIsNoFailure() throws Exception {
        config = Files.createFile(root.resolve("home")).resolve("config");

        assertThat(told(examine(), "folders").verdict()).isEqualTo(Check.Verdict.OK);
    }

    @Test
    void aConfigFolderThatIsNoneIsToldAsUnreadable() throws Exception {
        Files.createFile(config);

        Check check = told(examine(), "folders");

        assertThat(check.code()).isEqualTo("FOLDER_UNREADABLE");
        assertThat(check.remedy()).contains("CONNECTCTL_CONFIG_DIR");
    }

    @Test
    void aStateFolderBelowAFileCannotBeMade() throws Exception {
        state = Files.createFile(root.resolve("var")).resolve("state");

        Check check = told(examine(), "folders");

        assertThat(check.code()).isEqualTo("FOLDER_UNWRITABLE");
        assertThat(check.detail()).contains("is no folder");
    }

    @Test
    void javaIsTheOneThatServersWouldRunOn() throws Exception {
        Path mine = java("21");
        runtimes.put("process", new ProcessRuntime(folders(), Map.of("JAVA_HOME", mine.toString())));

        Check check = told(examine(), "java");

        assertThat(check.verdict()).isEqualTo(Check.Verdict.OK);
        assertThat(check.detail()).contains("Java 21 at " + mine);
    }

    @Test
    void anUntestedJavaIsAWarning() throws Exception {
        FakeRuntime runtime = new FakeRuntime(Clock.systemUTC());
        runtime.java(new JavaChoice(root.resolve("jdk"), 99, false));
        runtimes.put("process", runtime);

        Check check = told(examine(), "java");

        assertThat(check.verdict()).isEqualTo(Check.Verdict.WARNING);
        assertThat(check.code()).isEqualTo("JAVA_UNTESTED");
        assertThat(check.detail()).contains("Java 99 at ");
    }

    @Test
    void noFittingJavaIsAWarning() throws Exception {
        FakeRuntime runtime = new FakeRuntime(Clock.systemUTC());
        runtime.noJava(new LaunchException("JAVA_TOO_OLD", "found only 8 at /opt/jdk8", "install another", false));
        runtimes.put("process", runtime);

        Check check = told(examine(), "java");

        assertThat(check.verdict()).isEqualTo(Check.Verdict.WARNING);
        assertThat(check.code()).isEqualTo("JAVA_UNFIT");
        assertThat(check.detail()).contains("found only 8");
    }

    private Path java(String version) throws Exception {
        Path home = root.resolve("jdk" + version);
        Path program = Files.createDirectories(home.resolve("bin")).resolve("java");
        Files.createFile(program, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Files.writeString(home.resolve("release"), "JAVA_VERSION=\"" + version + ".0.1\"\n");
        return home;
    }

    @Test
    void aFileWhereAFolderShouldBeIsAFailure() throws Exception {
        Path cache = Files.createFile(root.resolve("cache"));

        Check check = told(examine(), "folders");

        assertThat(check.verdict()).isEqualTo(Check.Verdict.FAILED);
        assertThat(check.detail()).contains(cache.toString());
    }

    private static Check told(Map<String, Check> checks, String name) {
        return Objects.requireNonNull(checks.get(name), name);
    }

    private Folders folders() {
        return new Folders(config, state, root.resolve("run"), root.resolve("cache"));
    }

    private Map<String, Check> examine() throws InterruptedException {
        Map<String, Check> checks = new LinkedHashMap<>();
        new MachineDoctor(folders(), runtimes, memory, environment, new Doctor.Listener() {
                    @Override
                    public void begins(String check) {}

                    @Override
                    public void ended(Check check) {
                        checks.put(check.name(), check);
                    }
                })
                .examine();
        return checks;
    }
}
