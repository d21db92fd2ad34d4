package io.connectctl.manager.supervise;

import static org.assertj.core.api.Assertions.assertThat;

import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.compose.spec.SpecReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DriftTest {
    private static final LaunchRecord LAUNCHED = new LaunchRecord(
            Map.of("entrypoint", "0123456789abcdef", "spark-defaults.conf", "aaaaaaaaaaaaaaaa"),
            Map.of("image", "sha256:0123456789abcdef"));

    @Test
    void oneChangedKeyIsExactlyThatKey() {
        assertThat(told(spec("{}"), spec("{\"conf\":{\"spark.sql.shuffle.partitions\":8}}"), LAUNCHED))
                .containsExactly("conf.spark.sql.shuffle.partitions: (none) -> 8");
    }

    @Test
    void nothingChangedIsNoDrift() {
        assertThat(told(spec("{}"), spec("{\"master\":\"local[*]\"}"), LAUNCHED))
                .isEmpty();
    }

    @Test
    void aChangedTemplateIsToldByItsFile() {
        LaunchRecord now = new LaunchRecord(
                Map.of(
                        "entrypoint",
                        "fedcba9876543210",
                        "spark-defaults.conf",
                        "aaaaaaaaaaaaaaaa",
                        "core-site.xml",
                        "1"),
                LAUNCHED.ingredients());

        assertThat(told(spec("{}"), spec("{}"), now))
                .containsExactly("core-site.xml: (none) -> 1", "entrypoint: 0123456789ab -> fedcba987654");
    }

    @Test
    void aRetaggedImageIsToldByItsIds() {
        LaunchRecord now = new LaunchRecord(LAUNCHED.files(), Map.of("image", "sha256:fedcba9876543210"));

        assertThat(told(spec("{}"), spec("{}"), now))
                .containsExactly("image: sha256:0123456789ab -> sha256:fedcba987654");
    }

    @Test
    void anotherImageIsToldOnce() {
        LaunchRecord now = new LaunchRecord(LAUNCHED.files(), Map.of("image", "sha256:fedcba9876543210"));

        assertThat(told(spec("{\"image\":\"a:1\"}"), spec("{\"image\":\"a:2\"}"), now))
                .containsExactly("image: a:1 -> a:2");
    }

    @Test
    void whatCannotBeToldIsNoDrift() {
        LaunchRecord silent = new LaunchRecord(Map.of(), Map.of());

        assertThat(told(spec("{}"), spec("{}"), silent)).isEmpty();
        assertThat(Drift.of(spec("{}"), spec("{}"), Optional.empty(), LAUNCHED)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "conf.spark.sql.shuffle.partitions, false",
        "conf.spark.sql.catalog.lake.uri, false",
        "conf.spark.sql.warehouse.dir, true",
        "conf.spark.sql.extensions, true",
        "conf.spark.sql.hive.metastore.jars, true",
        "conf.spark.executor.memory, true",
        "driverMemory, true"
    })
    void aLiveSessionCanSetWhatIsNotStatic(String key, boolean restart) {
        assertThat(SessionKeys.contains(key)).isEqualTo(!restart);
    }

    @Test
    void theRecordOfALaunchIsReadAsItWasWrittenAndByItsOwnerOnly(@TempDir Path folder) throws IOException {
        assertThat(LaunchRecord.read(folder)).isEmpty();

        LAUNCHED.write(folder);

        assertThat(LaunchRecord.read(folder)).contains(LAUNCHED);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("launched.json"))))
                .isEqualTo("rw-------");
        LaunchRecord.forget(folder);
        assertThat(LaunchRecord.read(folder)).isEmpty();
    }

    private static List<String> told(ServerSpec live, ServerSpec declared, LaunchRecord now) {
        return Drift.of(live, declared, Optional.of(LAUNCHED), now).stream()
                .map(Change::text)
                .toList();
    }

    private static ServerSpec spec(String json) {
        return SpecReader.read(new ServerName("sales"), Declaration.ofJson(json))
                .spec()
                .orElseThrow();
    }
}
