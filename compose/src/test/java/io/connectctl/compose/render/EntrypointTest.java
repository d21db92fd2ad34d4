package io.connectctl.compose.render;

import static org.assertj.core.api.Assertions.assertThat;

import io.connectctl.compose.spec.Expose;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the rendered entrypoint by a real sh; java and spark-submit only tell how they were called. */
class EntrypointTest {
    private static final String TELL = "#!/bin/sh\nprintf '%s\\0' \"$0\" \"$@\"\nexec /usr/bin/env -0\n";

    private final Path temporary;
    private final Path folder;
    private final Site bare;
    private final Site home;

    EntrypointTest(@TempDir Path temporary) throws IOException {
        this.temporary = temporary;
        folder = Files.createDirectories(temporary.resolve("it's a \"folder\" $x"));
        Path jdk = folder.resolve("jdk");
        Programs.executable(jdk.resolve("bin/java"), TELL);
        Path jars = Files.createDirectories(folder.resolve("cache/jars"));
        Files.createFile(jars.resolve("spark-connect_2.13-4.0.1.jar"));
        Site site = Specs.site(folder, jdk);
        bare = new Site(site.conf(), site.work(), site.warehouse(), jdk, Optional.empty(), Optional.of(jars), true);
        home = Specs.homeSite(folder, folder.resolve("spark"));
        Programs.executable(folder.resolve("spark/bin/spark-submit"), TELL);
        Files.createDirectories(folder.resolve("spark/jars"));
    }

    private List<String> call(Specs specs, Site site, Map<String, String> environment) throws Exception {
        Programs.write(Specs.composer().render(specs.spec(), site), site);
        Programs.Outcome outcome = Programs.run(
                temporary,
                environment,
                List.of("/bin/sh", site.conf().resolve("entrypoint").toString()));
        assertThat(outcome.exit()).as(outcome.output()).isZero();
        return outcome.words();
    }

    private void jar(String name) throws Exception {
        Files.createFile(folder.resolve("spark/jars").resolve(name));
    }

    @Test
    void withJarsJavaRunsSparkSubmit() throws Exception {
        Specs specs = new Specs();
        specs.conf = Map.of("spark.driver.extraLibraryPath", "/native");

        List<String> words = call(specs, bare, Map.of("CONNECTCTL_INSTANCE", "sales/1/ab"));

        assertThat(words)
                .startsWith(
                        bare.javaHome().orElseThrow().resolve("bin/java").toString(),
                        "@" + bare.conf().resolve("java.options"),
                        "@" + bare.work().resolve("class.path"),
                        "org.apache.spark.deploy.SparkSubmit",
                        "--class",
                        "org.apache.spark.sql.connect.service.SparkConnectServer",
                        "--properties-file",
                        bare.conf().resolve("spark-defaults.conf").toString(),
                        "--conf",
                        "spark.connectctl.instance=sales/1/ab",
                        "spark-internal")
                .contains(
                        "SPARK_LOCAL_IP=127.0.0.1",
                        "SPARK_LOCAL_DIRS=" + bare.work().resolve("local"),
                        "SPARK_CONF_DIR=" + bare.conf(),
                        "JAVA_HOME=" + bare.javaHome().orElseThrow(),
                        "LD_LIBRARY_PATH=/native",
                        "PWD=" + bare.work());
        assertThat(bare.work().resolve("tmp")).isDirectory();
    }

    @Test
    void theClassPathIsEveryJarByNameInOneOrder() throws Exception {
        Path jars = bare.jars().orElseThrow();
        for (String name :
                List.of("b.jar", "a.jar", "B.jar", "ä.jar", "spark-network-common_2.13-4.0.1.jar", "c.txt")) {
            Files.createFile(jars.resolve(name));
        }

        for (String locale : List.of("C", "C.UTF-8", "en_US.UTF-8")) {
            call(new Specs(), bare, Map.of("LC_ALL", locale));

            assertThat(classPath())
                    .containsExactly(
                            jars + "/spark-network-common_2.13-4.0.1.jar",
                            jars + "/B.jar",
                            jars + "/a.jar",
                            jars + "/b.jar",
                            jars + "/spark-connect_2.13-4.0.1.jar",
                            jars + "/ä.jar");
        }
    }

    @Test
    void foldersOfTheDeclarationFollowAndPrecedeTheJars() throws Exception {
        Specs specs = new Specs();
        specs.conf = Map.of("spark.driver.extraClassPath", "/it's\\:/more\"x.jar");
        specs.env = Map.of("HADOOP_CONF_DIR", "/hadoop", "SPARK_DIST_CLASSPATH", "/dist/a.jar");

        call(specs, bare, Map.of());

        assertThat(classPath())
                .containsExactly(
                        "/it's\\",
                        "/more\"x.jar",
                        bare.jars().orElseThrow() + "/spark-connect_2.13-4.0.1.jar",
                        "/hadoop",
                        "/dist/a.jar");
    }

    @Test
    void filesForTheClassPathPutTheConfFolderOnIt() throws Exception {
        Path overlay = Files.createDirectories(folder.resolve("overlay"));
        Files.writeString(overlay.resolve("spark-env.sh"), "true\n");
        Specs specs = new Specs();
        specs.templates = Optional.of(overlay);
        call(specs, bare, Map.of());
        assertThat(classPath()).doesNotContain(bare.conf().toString());

        Files.writeString(overlay.resolve("hive-site.xml"), "<configuration/>");
        call(specs, bare, Map.of());
        assertThat(classPath()).startsWith(bare.conf().toString());
    }

    @Test
    void anArchiveComesBeforeTheDeclaredOptions() throws Exception {
        assertThat(call(new Specs(), bare, Map.of("CONNECTCTL_ARCHIVE", "/cache/it's")))
                .startsWith(
                        bare.javaHome().orElseThrow().resolve("bin/java").toString(),
                        "@/cache/it's",
                        "@" + bare.conf().resolve("java.options"));
    }

    /** What a real java makes of the file. */
    private List<String> classPath() throws Exception {
        String settings = Programs.run(
                        temporary,
                        Map.of(),
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java")
                                        .toString(),
                                "-Dsun.stdout.encoding=UTF-8",
                                "-Dsun.stderr.encoding=UTF-8",
                                "@" + bare.work().resolve("class.path"),
                                "-XshowSettings:properties",
                                "-version"))
                .output();
        List<String> entries = new ArrayList<>();
        for (String line : settings.lines().toList()) {
            if (line.startsWith("    java.class.path = ")) {
                entries.add(line.substring("    java.class.path = ".length()));
            } else if (!entries.isEmpty() && line.startsWith("        ")) {
                entries.add(line.strip());
            } else if (!entries.isEmpty()) {
                break;
            }
        }
        return entries;
    }

    @Test
    void aPortFromTheEnvironmentReachesSpark() throws Exception {
        assertThat(call(new Specs(), bare, Map.of("CONNECTCTL_GRPC_PORT", "15099")))
                .containsSequence("--conf", "spark.connect.grpc.binding.port=15099", "spark-internal");
    }

    @Test
    void withADistributionItsOwnSparkSubmitRuns() throws Exception {
        jar("spark-connect_2.13-4.0.1.jar");

        assertThat(call(new Specs(), home, Map.of()))
                .startsWith(
                        folder.resolve("spark/bin/spark-submit").toString(),
                        "--class",
                        "org.apache.spark.sql.connect.service.SparkConnectServer",
                        "--properties-file",
                        home.conf().resolve("spark-defaults.conf").toString(),
                        "spark-internal")
                .contains("SPARK_HOME=" + folder.resolve("spark"), "SPARK_CONF_DIR=" + home.conf());
    }

    @Test
    void aDistributionWithoutConnectGetsThePackageOfItsOwnScalaAndVersion() throws Exception {
        jar("spark-core_2.13-3.5.7.jar");
        Specs specs = new Specs();
        specs.spark = "3.5.0";
        specs.packages = List.of("org.example:first:1.0");

        assertThat(call(specs, home, Map.of()))
                .containsSequence(
                        "--packages",
                        "org.apache.spark:spark-connect_2.13:3.5.7,org.example:first:1.0",
                        "spark-internal");
    }

    @Test
    void anUnreadableDistributionGetsThePackageOfTheDeclaredVersion() throws Exception {
        Specs specs = new Specs();
        specs.spark = "3.4.0";

        assertThat(call(specs, home, Map.of()))
                .containsSequence("--packages", "org.apache.spark:spark-connect_2.12:3.4.0", "spark-internal");
    }

    @Test
    void aConnectJarInTheDeclarationIsEnough() throws Exception {
        jar("spark-core_2.12-3.5.0.jar");
        Specs specs = new Specs();
        specs.spark = "3.5.0";
        specs.conf = Map.of("spark.jars", "/some/spark-connect_2.12-3.5.0.jar");

        assertThat(call(specs, home, Map.of())).doesNotContain("--packages");
        specs.conf = Map.of("spark.jars.packages", "org.example:b:1,org.apache.spark:spark-connect_2.12:3.5.0");
        assertThat(call(specs, home, Map.of())).doesNotContain("org.apache.spark:spark-connect_2.12:3.5.0");
        specs.conf = Map.of("spark.jars", "a.jar, spark-connect_2.12-3.5.0.jar");
        assertThat(call(specs, home, Map.of())).doesNotContain("org.apache.spark:spark-connect_2.12:3.5.0");
        specs.conf = Map.of("spark.jars", "/srv/spark-connect_jobs/udf.jar,/srv/my-spark-connect_2.12.jar");
        assertThat(call(specs, home, Map.of())).contains("org.apache.spark:spark-connect_2.12:3.5.0");
    }

    @Test
    void aPathWithoutToolsIsEnoughForWhatTheDeclarationWants() throws Exception {
        Specs specs = new Specs();
        specs.env = Map.of("PATH", "/nowhere");
        Path token = Files.writeString(folder.resolve("token"), "hush\n");
        Site guarded = new Site(
                bare.conf(),
                bare.work(),
                bare.warehouse(),
                bare.javaHome(),
                Optional.empty(),
                bare.jars(),
                true,
                Optional.empty(),
                Optional.of(token));

        assertThat(call(specs, guarded, Map.of())).contains("PATH=/nowhere", "SPARK_CONNECT_AUTHENTICATE_TOKEN=hush");
    }

    @Test
    void withFetchedPackagesSparkFetchesNothing() throws Exception {
        Specs specs = new Specs();
        specs.packages = List.of("org.example:first:1.0");
        Path packages = Files.createDirectories(folder.resolve("cache/packages/0a1b/jars"));
        Path connect = Files.createFile(packages.resolve("org.apache.spark_spark-connect_2.13-4.0.1.jar"));

        assertThat(call(specs, home.with(Optional.of(packages)), Map.of())).doesNotContain("--packages");
        Files.delete(connect);
        // Of an image nobody knows before whether it has one.
        assertThat(call(specs, home.with(Optional.of(packages)), Map.of()))
                .contains("--packages", "org.apache.spark:spark-connect_2.13:4.0.1");
        assertThat(Files.readString(home.conf().resolve("spark-defaults.conf")))
                .contains("\nspark.jars=", "/cache/packages/0a1b/jars/*.jar\n")
                .doesNotContain("spark.jars.packages");
    }

    @Test
    void theEnvironmentMayHaveAnyName() throws Exception {
        Specs specs = new Specs();
        Map<String, String> env = new HashMap<>();
        for (String name : List.of("conf", "work", "jar", "connect", "core", "version", "packages", "classpath")) {
            env.put(name, "mine");
        }
        specs.env = env;

        List<String> expected = new ArrayList<>();
        env.keySet().forEach(name -> expected.add(name + "=mine"));
        assertThat(call(specs, home, Map.of())).containsAll(expected);
        assertThat(call(specs, bare, Map.of())).containsAll(expected);
    }

    @Test
    void withAMasterElsewhereTheDriverCanBeReached() throws Exception {
        Specs specs = new Specs();
        specs.master = "spark://cluster:7077";

        assertThat(call(specs, bare, Map.of()))
                .contains("spark.driver.bindAddress=0.0.0.0", "SPARK_LOCAL_IP=127.0.0.1")
                .anyMatch(word -> word.startsWith("spark.driver.host="));
    }

    @Test
    void theDeclarationsDriverHostStays() throws Exception {
        Specs specs = new Specs();
        specs.master = "spark://cluster:7077";
        specs.conf = Map.of("spark.driver.host", "here.example", "spark.driver.bindAddress", "10.0.0.1");

        assertThat(call(specs, bare, Map.of())).noneMatch(word -> word.startsWith("spark.driver."));
    }

    @Test
    void anExposedServerBindsAsSparkDoes() throws Exception {
        Specs specs = new Specs();
        specs.expose = Expose.ALL;

        assertThat(call(specs, bare, Map.of())).noneMatch(word -> word.startsWith("SPARK_LOCAL_IP="));
        assertThat(Files.readString(bare.conf().resolve("spark-defaults.conf"))).doesNotContain("binding.address");
    }

    @Test
    void shellVariablesOfTheDeclarationBreakNothing() throws Exception {
        Specs specs = new Specs();
        specs.env = Map.of(
                "PATH", "/nowhere", "IFS", "/-a", "ENV", "/no/such", "PS1", "$(exit 1)", "CDPATH", "/", "OPTIND", "7");

        assertThat(call(specs, bare, Map.of()))
                .startsWith(
                        bare.javaHome().orElseThrow().resolve("bin/java").toString(),
                        "@" + bare.conf().resolve("java.options"))
                .contains("PATH=/nowhere", "PWD=" + bare.work());
        assertThat(bare.work().resolve("local")).isDirectory();
    }

    @Test
    void bareJarsWithoutConnectGetThePackageOfTheirOwnVersion() throws Exception {
        Files.createFile(folder.resolve("spark-core_2.12-3.5.7.jar"));
        Site jars = new Site(
                bare.conf(),
                bare.work(),
                bare.warehouse(),
                bare.javaHome().orElseThrow(),
                Optional.empty(),
                Optional.of(folder),
                true);

        assertThat(call(new Specs(), jars, Map.of()))
                .containsSequence("--packages", "org.apache.spark:spark-connect_2.12:3.5.7", "spark-internal");

        Files.createFile(folder.resolve("spark-connect_2.12-3.5.7.jar"));
        assertThat(call(new Specs(), jars, Map.of())).doesNotContain("--packages");
    }

    @Test
    void withoutAUtf8LocaleOneIsSet() throws Exception {
        assertThat(call(new Specs(), bare, Map.of("LC_ALL", "POSIX"))).contains("LC_ALL=C.UTF-8");
        assertThat(call(new Specs(), bare, Map.of("LC_ALL", "C.utf8"))).contains("LC_ALL=C.utf8");
        assertThat(call(new Specs(), bare, Map.of("LC_ALL", "xx_YY.UTF-8"))).contains("LC_ALL=C.UTF-8");
    }

    @Test
    void aWorkFolderThatCannotBeMadeEndsTheLaunchWithItsName() throws Exception {
        Files.writeString(folder.resolve("work"), "a file");
        Programs.write(Specs.composer().render(new Specs().spec(), bare), bare);

        Programs.Outcome outcome = Programs.run(
                temporary,
                Map.of(),
                List.of("/bin/sh", bare.conf().resolve("entrypoint").toString()));

        assertThat(outcome.exit()).isNotZero();
        assertThat(outcome.output()).contains(bare.work().toString());
    }
}
