package io.connectctl.compose.runtime.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.connectctl.compose.render.LaunchPlan;
import io.connectctl.compose.render.LaunchTicket;
import io.connectctl.compose.render.RenderedFile;
import io.connectctl.compose.render.Rendering;
import io.connectctl.compose.render.Site;
import io.connectctl.compose.runtime.Archive;
import io.connectctl.compose.runtime.ArchiveUnfitException;
import io.connectctl.compose.runtime.CacheEntry;
import io.connectctl.compose.runtime.testing.Plans;
import io.connectctl.compose.spec.MemorySize;
import io.connectctl.compose.spec.PortChoice;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.ServerSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What an archive is for, when it may be used, and how long it is kept; JDK and jars are made of nothing here. */
class ClassDataArchivesTest {
    private static final int SIZE = 2_000_000;

    private final Path temporary;
    private final Path jars;
    private final Path jdk;
    private final Path cache;
    private final TreeMap<String, String> conf = new TreeMap<>();
    private final TreeMap<String, String> env = new TreeMap<>();
    private final List<RenderedFile> files = new ArrayList<>();
    private String memory = "1g";
    private boolean wanted = true;

    ClassDataArchivesTest(@TempDir Path temporary) throws IOException {
        this.temporary = temporary;
        cache = temporary.resolve("cache");
        jars = Files.createDirectories(temporary.resolve("jars"));
        jdk = Files.createDirectories(temporary.resolve("jdk"));
        Files.createDirectories(jdk.resolve("lib/server"));
        Files.createDirectories(jdk.resolve("bin"));
        release("17.0.15");
        Files.writeString(jdk.resolve("bin/java"), "java");
        Files.writeString(jdk.resolve("lib/server/classes.jsa"), "classes");
        Files.writeString(jdk.resolve("lib/server/libjvm.so"), "jvm");
        for (String name : List.of("b.jar", "spark-network-common_2.13-4.0.1.jar", "a.jar", "notes.txt")) {
            Files.writeString(jars.resolve(name), name);
        }
    }

    private void release(String version) throws IOException {
        Files.writeString(jdk.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
    }

    private LaunchPlan plan() {
        ServerSpec plain = Plans.spec("sales", new PortChoice.Auto());
        ServerSpec spec = new ServerSpec(
                new ServerName("sales"),
                plain.runtime(),
                plain.spark(),
                plain.master(),
                plain.port(),
                plain.uiPort(),
                MemorySize.parse(memory),
                Optional.empty(),
                Optional.empty(),
                List.of(),
                conf,
                env,
                plain.health(),
                plain.restart(),
                plain.stop(),
                plain.auth(),
                plain.expose(),
                "default",
                Optional.empty(),
                plain.container(),
                wanted);
        Path server = temporary.resolve("server");
        Site site = new Site(
                server.resolve("conf"),
                server.resolve("work"),
                server.resolve("warehouse"),
                jdk,
                Optional.empty(),
                Optional.of(jars),
                true);
        LaunchTicket ticket = new LaunchTicket(1, "sales/1/0a1b2c3d", Optional.empty(), OptionalInt.empty());
        return new LaunchPlan(spec, site, ticket, new Rendering(files, "f"), List.of(), Map.of());
    }

    private ClassDataArchives archives() {
        return archives(1 << 30);
    }

    private ClassDataArchives archives(long limit) {
        return new ClassDataArchives(cache, limit, plan -> Map.of());
    }

    private ArchiveSubject subject() throws ArchiveUnfitException {
        return ArchiveSubject.of(plan());
    }

    private String key() throws ArchiveUnfitException {
        return subject().key();
    }

    /** As if a training had just made one. */
    private Archive.Ready publish(ClassDataArchives archives) throws Exception {
        Path made = Files.createDirectories(temporary.resolve("made"));
        Files.write(made.resolve(subject().kind().file()), new byte[SIZE]);
        Files.createDirectories(cache.resolve("archives"));
        archives.publish(made, subject());
        Archive found = archives.of(plan());
        assertThat(found).isInstanceOf(Archive.Ready.class);
        return (Archive.Ready) found;
    }

    private static String why(Archive archive) {
        return archive instanceof Archive.Unfit unfit ? unfit.why() : archive.toString();
    }

    // ------------------------------------------------------------------ the key

    @Test
    void theSameLaunchHasTheSameKeyWhateverThePortsAndTheHeap() throws Exception {
        String before = key();
        memory = "20g";
        conf.put("spark.sql.shuffle.partitions", "8");
        conf.put("spark.driver.extraJavaOptions", "-Dsecret=x -Xss2m -Xlog:gc");

        assertThat(key()).isEqualTo(before).matches("[0-9a-f]{32}");
        assertThat(subject().about()).isEqualTo("Spark 4.0.1 on Java 17.0.15");
    }

    @Test
    void whateverAnArchiveDependsOnGivesAnotherKey() throws Exception {
        List<String> keys = new ArrayList<>(List.of(key()));
        Files.setLastModifiedTime(jars.resolve("a.jar"), FileTime.from(Instant.EPOCH));
        keys.add(key());
        Files.writeString(jars.resolve("c.jar"), "another one");
        keys.add(key());
        release("17.0.16");
        keys.add(key());
        Files.writeString(jdk.resolve("lib/server/libjvm.so"), "another jvm");
        keys.add(key());
        conf.put("spark.driver.extraJavaOptions", "-XX:+UseZGC");
        keys.add(key());
        conf.put("spark.driver.extraJavaOptions", "-XX:+UseZGC --add-opens java.base/java.lang=ALL-UNNAMED");
        keys.add(key());
        memory = "32g";
        keys.add(key());
        release("25.0.3");
        keys.add(key());

        assertThat(keys).doesNotHaveDuplicates();
    }

    @Test
    void theJarsAreInTheEntrypointsOrder() throws Exception {
        assertThat(ArchiveSubject.jars(jars))
                .extracting(jar -> jar.getFileName().toString())
                .containsExactly("spark-network-common_2.13-4.0.1.jar", "a.jar", "b.jar");
    }

    // ------------------------------------------------------------------ who can't use one

    @ParameterizedTest
    @ValueSource(strings = {"HADOOP_CONF_DIR", "YARN_CONF_DIR", "SPARK_DIST_CLASSPATH"})
    void aFolderOnTheClassPathIsToldByItsVariable(String variable) {
        env.put(variable, "/etc/hadoop");

        assertThat(why(archives().of(plan()))).isEqualTo(variable + " puts a folder on the class path");
    }

    @Test
    void filesForTheClassPathAreToldByTheirNames() {
        files.add(new RenderedFile("hive-site.xml", "<configuration/>", false));

        assertThat(why(archives().of(plan()))).isEqualTo("the conf folder is on the class path, for hive-site.xml");
    }

    @Test
    void anExtraClassPathMayHoldJarsOnly() throws Exception {
        Path jar = Files.writeString(temporary.resolve("more.jar"), "jar");
        conf.put("spark.driver.extraClassPath", jar.toString());
        assertThat(archives().of(plan())).isInstanceOf(Archive.Missing.class);

        conf.put("spark.driver.extraClassPath", jar + ":/more/*");
        assertThat(why(archives().of(plan()))).isEqualTo("spark.driver.extraClassPath names /more/*, which is no jar");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "-javaagent:/secret.jar=token",
                "-Xshare:off",
                "-XX:SharedArchiveFile=/secret",
                "-XX:AOTCache=/secret"
            })
    void anOptionThatExcludesArchivesIsToldWithoutItsValue(String option) {
        conf.put("spark.driver.extraJavaOptions", option);

        assertThat(why(archives().of(plan())))
                .matches("the Java option -\\S+ excludes it")
                .doesNotContain("secret");
    }

    @Test
    void aJavaThatIsTooOldOrHasNoClassDataOfItsOwnIsTold() throws Exception {
        Files.delete(jdk.resolve("lib/server/classes.jsa"));
        assertThat(why(archives().of(plan()))).contains("java -Xshare:dump");

        release("11.0.20");
        assertThat(why(archives().of(plan()))).contains("Java 11.0.20").contains("too old");
    }

    @Test
    void whoWantsNoneIsLeftAlone() {
        wanted = false;
        env.put("HADOOP_CONF_DIR", "/etc/hadoop");

        assertThat(archives().of(plan())).isInstanceOf(Archive.NotWanted.class);
    }

    // ------------------------------------------------------------------ validity

    @Test
    void aPublishedArchiveIsReadyAndItsOptionsNameIt() throws Exception {
        assertThat(archives().of(plan())).isInstanceOf(Archive.Missing.class);

        Archive.Ready ready = publish(archives());

        assertThat(ready.options()).content().contains("-XX:SharedArchiveFile=" + ready.file());
        assertThat(temporary.resolve("made")).doesNotExist();
    }

    @Test
    void aDamagedArchiveIsThrownAway() throws Exception {
        Archive.Ready ready = publish(archives());
        byte[] bytes = Files.readAllBytes(ready.file());
        bytes[SIZE / 2] = 1;
        Files.write(ready.file(), bytes);

        Archive.Missing missing = (Archive.Missing) archives().of(plan());

        assertThat(missing.discarded().orElseThrow()).contains("Spark 4.0.1 on Java 17.0.15", "damaged");
        assertThat(ready.file()).doesNotExist();
    }

    @Test
    void aCopyOfTheCacheIsAsGood() throws Exception {
        Archive.Ready ready = publish(archives());
        Files.setLastModifiedTime(ready.file(), FileTime.from(Instant.EPOCH));

        assertThat(archives().of(plan())).isEqualTo(ready);
    }

    @Test
    void anArchiveOfSomethingElseUnderThisKeyIsThrownAway() throws Exception {
        publish(archives());
        String other = key();
        release("17.0.16");
        Files.move(
                cache.resolve("archives").resolve(other),
                cache.resolve("archives").resolve(key()));

        Archive.Missing missing = (Archive.Missing) archives().of(plan());

        assertThat(missing.discarded().orElseThrow()).contains("another Spark, JVM or class path");
    }

    @Test
    void aFailureIsRememberedUntilATrainingSucceeds() throws Exception {
        archives().failed(plan(), "no such luck");
        assertThat(archives().of(plan()))
                .isEqualTo(new Archive.Missing(key(), Optional.of("no such luck"), Optional.empty()));

        publish(archives());
        assertThat(archives().failures()).isEmpty();
    }

    // ------------------------------------------------------------------ how much is kept

    @Test
    void theLeastRecentlyUsedGoesFirstWhenRoomIsShort() throws Exception {
        ClassDataArchives archives = archives(SIZE * 5L / 2);
        List<String> keys = new ArrayList<>();
        for (String collector : List.of("Serial", "Parallel", "Z")) {
            conf.put("spark.driver.extraJavaOptions", "-XX:+Use" + collector + "GC");
            publish(archives);
            keys.add(key());
            // The first one is used again before the third one comes.
            age(keys.get(0), Duration.ofDays(1));
            age(key(), collector.equals("Parallel") ? Duration.ofDays(9) : Duration.ofDays(1));
        }

        assertThat(archives.entries())
                .extracting(ArchiveEntry::key)
                .containsExactlyInAnyOrder(keys.get(0), keys.get(2));
    }

    @Test
    void theArchivesOfAReplacedJdkGo() throws Exception {
        publish(archives());
        Files.writeString(jdk.resolve("lib/server/libjvm.so"), "another jvm");
        publish(archives());

        assertThat(archives().entries()).extracting(ArchiveEntry::key).containsExactly(key());
    }

    @Test
    void pruningRemovesWhatIsOldAndNotInUse() throws Exception {
        ProcessCache all = cache();
        spark("4.0.1", Duration.ofDays(40));
        spark("3.5.0", Duration.ofDays(2));
        publish(archives());
        age(key(), Duration.ofDays(40));

        assertThat(all.entries())
                .extracting(CacheEntry::kind)
                .containsExactly(CacheEntry.Kind.SPARK, CacheEntry.Kind.SPARK, CacheEntry.Kind.ARCHIVE);
        assertThat(all.prune(Duration.ofDays(30))).extracting(CacheEntry::name).containsExactly("4.0.1", key());

        spark("4.0.1", Duration.ofDays(40));
        try (var open = Files.newInputStream(cache.resolve("spark/4.0.1/jars/a.jar"))) {
            assertThat(all.prune(Duration.ZERO)).extracting(CacheEntry::name).containsExactly("3.5.0");
            assertThat(open.read()).isEqualTo('a');
        }
        assertThat(all.prune(Duration.ZERO)).extracting(CacheEntry::name).containsExactly("4.0.1");
    }

    @Test
    void packagesAreShownAndPrunedAsTheRestIs() throws Exception {
        Path set = cache.resolve("packages/0123");
        fetched(set, "g:a:1 for Spark 4.0.1", Duration.ofDays(40));
        fetched(cache.resolve("packages/4567"), "g:a:2 for Spark 4.0.1", Duration.ZERO);
        Files.createDirectories(cache.resolve("packages/89ab/jars"));

        assertThat(cache().entries())
                .as("one without its mark isn't whole")
                .extracting(entry -> entry.kind() + " " + entry.name() + " " + entry.about())
                .containsExactly("PACKAGES 0123 g:a:1 for Spark 4.0.1", "PACKAGES 4567 g:a:2 for Spark 4.0.1");
        try (var open = Files.newInputStream(set.resolve("jars/a.jar"))) {
            assertThat(cache().prune(Duration.ZERO)).isEmpty();
            assertThat(open.read()).isEqualTo('a');
        }
        assertThat(cache().prune(Duration.ofDays(30)))
                .extracting(CacheEntry::name)
                .containsExactly("0123");
        assertThat(set).doesNotExist();
    }

    @Test
    void whatWasPickedThisMomentStays() throws Exception {
        ProcessCache all = cache();
        spark("4.0.1", Duration.ZERO);

        assertThat(all.prune(Duration.ZERO)).isEmpty();
    }

    private ProcessCache cache() {
        return new ProcessCache(new SparkDistributions(cache, Map.of()), new Packages(cache, Map.of()), archives());
    }

    private void spark(String version, Duration age) throws IOException {
        fetched(cache.resolve("spark").resolve(version), "1 jars", age);
    }

    private static void fetched(Path folder, String about, Duration age) throws IOException {
        Files.createDirectories(folder.resolve("jars"));
        Files.writeString(folder.resolve("jars/a.jar"), "a");
        Files.writeString(folder.resolve("COMPLETE"), about + "\n");
        Files.writeString(folder.resolve("USED"), "");
        Files.setLastModifiedTime(
                folder.resolve("USED"), FileTime.from(Instant.now().minus(age)));
    }

    private void age(String key, Duration age) throws IOException {
        Files.setLastModifiedTime(
                cache.resolve("archives").resolve(key).resolve("used"),
                FileTime.from(Instant.now().minus(age)));
    }
}
