package io.connectctl.manager.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** bin/connectctl with a Java that only tells how it was called. */
@Timeout(60)
class LauncherTest {
    private Path folder;
    private Path launcher;
    private final Map<String, String> environment = new TreeMap<>();

    @BeforeEach
    void distribution(@TempDir Path temporary) throws IOException {
        folder = Files.createDirectory(temporary.resolve("with space"));
        Path bin = Files.createDirectories(folder.resolve("dist/bin"));
        Files.createDirectories(folder.resolve("dist/lib"));
        Files.writeString(folder.resolve("dist/lib/connectctl-manager-1.2.3.jar"), "a jar");
        launcher = Files.copy(
                Path.of(System.getProperty("connectctl.root"), "bin", "connectctl"), bin.resolve("connectctl"));
        executable(launcher);
        environment.put("PATH", System.getenv("PATH"));
        environment.put("CONNECTCTL_CACHE_DIR", folder.resolve("cache").toString());
        environment.put("CONNECTCTL_JAVA_HOME", java("17.0.1").toString());
    }

    @Test
    void argumentsReachJavaAsTheyAreFromACopyNamedAfterItsContent() throws Exception {
        Result result = run(launcher, "start", "a b", "--conf", "x=$y");

        assertThat(result.code()).isEqualTo(42);
        assertThat(result.out()).contains("[start]", "[a b]", "[--conf]", "[x=$y]");
        assertThat(result.out())
                .containsPattern("\\[-Dconnectctl.home=.*/with space/cache/app/1\\.2\\.3-[0-9a-f]{12}\\]")
                .containsPattern("\\[-Dconnectctl.build=[0-9a-f]{12}\\]")
                .doesNotContain("dist/lib");
    }

    @Test
    void itWorksThroughASymbolicLink() throws Exception {
        Path link = Files.createSymbolicLink(folder.resolve("cc"), Path.of("dist/bin/connectctl"));

        assertThat(run(link, "version").code()).isEqualTo(42);
    }

    @Test
    void aNewJarMakesANewCopyAndAnOldOneGoes() throws Exception {
        run(launcher, "version");
        ageCopies();
        upgrade("1.2.3", "1.2.4");

        Result result = run(launcher, "version");

        assertThat(result.out()).contains("/app/1.2.4-");
        assertThat(copies()).hasSize(1);
    }

    @Test
    void aCopyOfTodayAndOneOfAnotherCheckoutStay() throws Exception {
        run(launcher, "version");
        Path stamps = folder.resolve("cache/app/from");
        Files.writeString(stamps.resolve("%another"), copies().get(0) + "\n");
        ageCopies();
        upgrade("1.2.3", "1.2.4");
        run(launcher, "version");
        upgrade("1.2.4", "1.2.5");

        run(launcher, "version");

        assertThat(copies()).hasSize(3);
    }

    private void upgrade(String from, String to) throws IOException {
        Path lib = folder.resolve("dist/lib");
        Files.writeString(lib.resolve("connectctl-manager-" + to + ".jar"), "jar " + to);
        Files.delete(lib.resolve("connectctl-manager-" + from + ".jar"));
    }

    private List<Path> copies() throws IOException {
        try (var copies = Files.list(folder.resolve("cache/app"))) {
            return copies.filter(path -> Files.isDirectory(path.resolve("lib"))).toList();
        }
    }

    private void ageCopies() throws IOException {
        for (Path copy : copies()) {
            Files.setLastModifiedTime(
                    copy.resolve("lib"), FileTime.from(Instant.now().minus(Duration.ofDays(3))));
        }
    }

    @Test
    void aCacheWithAColonIsRefused() throws Exception {
        environment.put("CONNECTCTL_CACHE_DIR", folder.resolve("a:b").toString());

        Result result = run(launcher, "version");

        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err()).contains("has a ':' in its path", "CONNECTCTL_CACHE_DIR");
    }

    @Test
    void aMissingFlockIsNamed() throws Exception {
        Files.createDirectory(folder.resolve("tools"));
        for (String tool : List.of("sh", "find", "mkdir", "rm", "readlink")) {
            Files.createSymbolicLink(folder.resolve("tools").resolve(tool), Path.of("/usr/bin", tool));
        }
        environment.put("PATH", folder.resolve("tools").toString());

        Result result = run(launcher, "version");

        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err()).contains("flock is missing", "util-linux");
    }

    @Test
    void aFreshCheckoutIsBuiltOnceAndAgainWhenItsSourcesChange() throws Exception {
        checkoutWith(
                """
                #!/bin/sh
                echo "$*" >>"$CONNECTCTL_CACHE_DIR/builds"
                echo '[INFO] Building connectctl compose 0.1.0 [2/3]'
                mkdir -p manager/target/dist/lib
                date +%s%N >manager/target/dist/lib/connectctl-manager-1.2.3.jar
                """);

        Result first = run(launcher, "start", "a b");
        Result second = run(launcher, "version");

        assertThat(first.code()).isEqualTo(42);
        assertThat(first.out()).contains("[start]", "[a b]").contains("/app/1.2.3-");
        assertThat(first.err())
                .contains("building " + folder.resolve("dist") + " (first use, or sources changed)")
                .contains("connectctl: building connectctl compose (2/3)");
        assertThat(second.code()).isEqualTo(42);
        assertThat(second.err()).isEmpty();
        Path builds = folder.resolve("cache/builds");
        assertThat(Files.readAllLines(builds)).singleElement().asString().contains("-pl manager -am package");

        Files.setLastModifiedTime(
                folder.resolve("dist/pom.xml"), FileTime.from(Instant.now().plus(Duration.ofMinutes(1))));

        assertThat(run(launcher, "version").code()).isEqualTo(42);
        assertThat(Files.readAllLines(builds)).hasSize(2);
    }

    @ParameterizedTest
    @CsvSource({"INT, 130", "TERM, 143", "HUP, 129"})
    void anInterruptedBuildEndsWithItsSignalAndLeavesNothingBehind(String signal, int code) throws Exception {
        checkoutWith("#!/bin/sh\necho $$ >\"$CONNECTCTL_CACHE_DIR/mvn.pid\"\nexec sleep 100\n");
        Path pid = folder.resolve("cache/mvn.pid");
        // A shell can't trap what was ignored when it began, as INT and HUP are below nohup and in a script's
        // background.
        ProcessBuilder signalled = builder(Path.of("/usr/bin/env"), "--default-signal", launcher.toString(), "version");
        Process process = signalled.redirectErrorStream(true).start();
        await().atMost(Duration.ofSeconds(60)).until(() -> Files.exists(pid) && Files.size(pid) > 0);

        new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid()))
                .start()
                .waitFor();

        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(code);
        ProcessHandle mvn =
                ProcessHandle.of(Long.parseLong(Files.readString(pid).strip())).orElse(null);
        if (mvn != null) {
            mvn.onExit().get(20, TimeUnit.SECONDS);
        }
        assertThat(new ProcessBuilder(
                                "flock",
                                "-w",
                                "10",
                                folder.resolve("cache/app/lock").toString(),
                                "true")
                        .start()
                        .waitFor())
                .as("the lock is free")
                .isZero();
    }

    @Test
    void aColonInTheCachesPathIsRefused() throws Exception {
        environment.put("CONNECTCTL_CACHE_DIR", folder.resolve("a:b").toString());

        Result result = run(launcher, "version");

        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err()).contains("a:b has a ':'").contains("CONNECTCTL_CACHE_DIR");
    }

    @Test
    void whatIsMeantForOtherJavasDoesNotReachTheCommandLine() throws Exception {
        environment.put("JAVA_TOOL_OPTIONS", "-XX:+UseParallelGC");
        Path java = Path.of(environment.get("CONNECTCTL_JAVA_HOME"), "bin/java");
        Files.writeString(java, "#!/bin/sh\necho \"options: ${JAVA_TOOL_OPTIONS-none}\"\n");

        assertThat(run(launcher, "version").out()).contains("options: none");
        assertThat(run(launcher, "daemon", "run").out()).contains("options: -XX:+UseParallelGC");
    }

    @ParameterizedTest
    @CsvSource({
        "LANG, C, C.UTF-8",
        "LC_ALL, POSIX, C.UTF-8",
        "TZ, UTC, C.UTF-8",
        "LANG, C.UTF-8, none",
        "LANG, xx_YY.UTF-8, C.UTF-8"
    })
    void javaCanNameEveryFileWhateverTheLocale(String variable, String value, String expected) throws Exception {
        environment.put(variable, value);
        Path java = Path.of(environment.get("CONNECTCTL_JAVA_HOME"), "bin/java");
        Files.writeString(java, "#!/bin/sh\necho \"locale: ${LC_ALL-none}\"\n");

        assertThat(run(launcher, "version").out()).contains("locale: " + expected);
    }

    @Test
    void aTrainingRunThatWasKilledIsTriedAgainAndOneThatFailedIsNot() throws Exception {
        run(launcher, "version");
        Path tried;
        try (java.util.stream.Stream<Path> files = Files.walk(folder.resolve("cache"))) {
            tried = files.filter(file -> file.toString().endsWith(".tried"))
                    .findFirst()
                    .orElseThrow();
        }
        assertThat(tried).hasContent("failed");

        // No process has this number: the kernel's limit is 4194304.
        Files.writeString(tried, "9999999\n");
        run(launcher, "version");

        assertThat(tried).hasContent("failed");
    }

    @Test
    void aJavaThatIsTooOldIsNamed() throws Exception {
        environment.put("CONNECTCTL_JAVA_HOME", java("11.0.2").toString());

        Result result = run(launcher, "version");

        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err()).contains("is no Java 17 or newer").contains("is Java 11.0.2");
    }

    @Test
    void aCheckoutWithoutMavenSaysWhatIsMissing() throws Exception {
        Path checkout = folder.resolve("dist");
        Files.createDirectories(checkout.resolve("manager/src"));
        Files.writeString(checkout.resolve("pom.xml"), "<project/>");
        Files.createDirectory(folder.resolve("tools"));
        for (String tool : List.of("sh", "find", "mkdir", "flock", "rm", "readlink")) {
            Files.createSymbolicLink(folder.resolve("tools").resolve(tool), Path.of("/usr/bin", tool));
        }
        environment.put("PATH", folder.resolve("tools").toString());

        Result result = run(launcher, "version");

        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err()).contains("there is no mvn on the PATH");
    }

    @Test
    void aFailedBuildShowsItsErrorsAndWhereTheLogIs() throws Exception {
        checkoutWith("#!/bin/sh\necho '[INFO] Building connectctl compose 1 [2/3]'\necho '[ERROR] no luck'\nexit 7\n");

        Result result = run(launcher, "version");

        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err())
                .contains("building connectctl compose (2/3)", "mvn exited with 7", "[ERROR] no luck", "build.log");
        assertThat(run(launcher, "run", "--", "true").code())
                .as("no code of the command's own")
                .isEqualTo(125);
    }

    /** A source checkout, and a Maven for it. */
    private void checkoutWith(String script) throws IOException {
        Path checkout = folder.resolve("dist");
        Files.createDirectories(checkout.resolve("manager/src"));
        Files.writeString(checkout.resolve("pom.xml"), "<project/>");
        Path mvn = Files.createDirectory(folder.resolve("tools")).resolve("mvn");
        Files.writeString(mvn, script);
        executable(mvn);
        environment.put("PATH", mvn.getParent() + ":" + System.getenv("PATH"));
    }

    private Path java(String version) throws IOException {
        Path home = folder.resolve("jdk-" + version);
        Path java = Files.createDirectories(home.resolve("bin")).resolve("java");
        Files.writeString(home.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
        Files.writeString(java, "#!/bin/sh\nfor a in \"$@\"; do printf '[%s]\\n' \"$a\"; done\nexit 42\n");
        executable(java);
        Files.copy(java, home.resolve("bin/javac"));
        executable(home.resolve("bin/javac"));
        return home;
    }

    private static void executable(Path file) throws IOException {
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private record Result(int code, String out, String err) {}

    private Result run(Path command, String... arguments) throws IOException, InterruptedException {
        Path out = Files.createTempFile(folder, "out", "");
        Path err = Files.createTempFile(folder, "err", "");
        Process process = builder(command, arguments)
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return new Result(
                process.exitValue(),
                Files.readString(out, StandardCharsets.UTF_8),
                Files.readString(err, StandardCharsets.UTF_8));
    }

    private ProcessBuilder builder(Path command, String... arguments) {
        List<String> line = new ArrayList<>(List.of(command.toString()));
        line.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(line).directory(folder.toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        return builder;
    }
}
