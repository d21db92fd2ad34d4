package io.connectctl.compose.spec;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExecutorMemoryTest {
    private static String explained(String json) {
        return ExecutorMemory.of(SpecReader.readAccepted(new ServerName("sales"), Declaration.ofJson(json))
                        .spec()
                        .orElseThrow())
                .explain();
    }

    private static String yarn(String spark, String conf) {
        return "{\"master\": \"yarn\", \"spark\": \"" + spark + "\", \"executors\": {\"memory\": \"4g\"}, \"conf\": {"
                + conf + "}}";
    }

    @Test
    void aStandaloneWorkerCountsTheHeapAlone() {
        assertThat(explained("{\"master\": \"spark://h:7077\", \"executors\": {\"memory\": \"2g\"}}"))
                .isEqualTo("2048 MiB heap for each executor");
    }

    @Test
    void yarnCountsAnOverheadThatMayBeDeclared() {
        assertThat(explained(yarn("3.5.0", "")))
                .isEqualTo("4096 MiB heap + 409.6 MiB overhead (the larger of 384 MiB and a tenth of the heap)"
                        + " = 4505.6 MiB for each executor");
        assertThat(explained(yarn("3.5.0", "\"spark.executor.memoryOverhead\": \"1024\"")))
                .isEqualTo("4096 MiB heap + 1024 MiB overhead = 5120 MiB for each executor");
        assertThat(explained(yarn("3.5.0", "\"spark.executor.memoryOverheadFactor\": \"0.25\"")))
                .contains("1024 MiB overhead (the larger of 384 MiB and 0.25 times the heap) = 5120 MiB");
    }

    @Test
    void theFloorOfTheOverheadCanBeSetSinceSpark4() {
        String conf = "\"spark.executor.minMemoryOverhead\": \"1g\"";

        assertThat(explained(yarn("4.0.1", conf))).contains("1024 MiB overhead (the larger of 1024 MiB and a tenth");
        assertThat(explained(yarn("3.5.0", conf))).contains("409.6 MiB overhead");
    }

    @Test
    void whatLiesOffTheHeapCountsWhereItIsEnabled() {
        String size = "\"spark.memory.offHeap.size\": \"1g\"";

        assertThat(explained(yarn("3.5.0", size))).doesNotContain("off the heap");
        assertThat(explained(yarn("3.5.0", size + ", \"spark.memory.offHeap.enabled\": \"true\"")))
                .contains(" + 1024 MiB off the heap = 5529.6 MiB");
    }

    @Test
    void memoryForPythonCountsWhereSparkTakesItForAPythonApplication() {
        String size = "\"spark.executor.pyspark.memory\": \"512m\"";

        assertThat(explained(yarn("3.5.0", size))).doesNotContain("Python");
        assertThat(explained(yarn("3.5.0", size + ", \"spark.yarn.isPython\": \"true\"")))
                .contains(" + 512 MiB for Python");
    }

    @Test
    void yarnGivesMultiplesOfItsLeastAllocation(@TempDir Path folder) throws Exception {
        Files.writeString(
                folder.resolve("yarn-site.xml"),
                "<configuration><property><name>yarn.scheduler.minimum-allocation-mb</name><value>1024</value>"
                        + "</property></configuration>");

        assertThat(explained("{\"master\": \"yarn\", \"hadoopConf\": \"" + folder
                        + "\", \"executors\": {\"memory\": \"512m\"}}"))
                .endsWith("= 896 MiB, which YARN rounds up to 1024 MiB, for each executor");
    }
}
