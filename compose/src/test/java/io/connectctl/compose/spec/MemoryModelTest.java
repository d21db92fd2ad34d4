package io.connectctl.compose.spec;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MemoryModelTest {
    /** Measured on real Spark 4.2.0 servers with JDK 17. */
    @ParameterizedTest
    @CsvSource({
        "512m,SERIAL,518979584", "1g,SERIAL,1037959168", "1512m,SERIAL,1532624896", "2g,SERIAL,2075918336",
        "4g,SERIAL,4151836672", "512m,PARALLEL,477626368", "1g,PARALLEL,954728448", "1512m,PARALLEL,1409286144",
        "2g,PARALLEL,1908932608", "4g,PARALLEL,3817865216", "449m,G1,471859200", "1512m,G1,1585446912",
        "4g,Z,4294967296", "460m,SERIAL,466288640", "500m,PARALLEL,466092032"
    })
    void usableMemoryIsAsMeasured(String heap, Collector collector, long usable) {
        assertThat(collector.usableBytes(MemorySize.parse(heap).bytes())).isEqualTo(usable);
    }

    @ParameterizedTest
    @CsvSource({"513m,SERIAL", "777m,PARALLEL", "451m,G1", "5001m,G1", "9001m,G1", "465m,SERIAL"})
    void usableMemoryAgreesWithARealJvm(String heap, Collector collector, @TempDir Path folder)
            throws IOException, InterruptedException {
        Path source = folder.resolve("Max.java");
        Path out = folder.resolve("out");
        Files.writeString(
                source,
                "public class Max { public static void main(String[] a) { System.out.print(Runtime.getRuntime().maxMemory()); } }");
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();

        Process process = new ProcessBuilder(java, "-Xmx" + heap, collector.option(), source.toString())
                .redirectOutput(out.toFile())
                .redirectError(folder.resolve("err").toFile())
                .start();
        assertThat(process.waitFor()).isZero();

        assertThat(collector.usableBytes(MemorySize.parse(heap).bytes()))
                .isEqualTo(Long.parseLong(Files.readString(out, StandardCharsets.UTF_8)));
    }

    @Test
    void poolIsExplainedAsArithmetic() {
        MemoryModel model = MemoryModel.of(MemorySize.parse("1512m"), Collector.G1, 0.6, 0);

        assertThat(model.poolBytes()).isEqualTo(762524467);
        assertThat(model.explain())
                .isEqualTo("(1512 MiB - 300 MiB reserved) x 0.6 (spark.memory.fraction) = 727.2 MiB");
    }

    @Test
    void declaredCollectorAndFractionAreHonoured() {
        ServerSpec spec = SpecReader.read(
                        new ServerName("sales"),
                        Declaration.ofJson("{\"driverMemory\":\"1512m\",\"conf\":{\"spark.memory.fraction\":\"0.6\","
                                + "\"spark.driver.defaultJavaOptions\":\"-XX:+UseSerialGC\"}}"))
                .spec()
                .orElseThrow();

        MemoryModel model = MemoryModel.of(spec);

        assertThat(model.poolBytes()).isEqualTo(730831257);
        assertThat(model.explain())
                .isEqualTo("(1461.6 MiB usable under Serial of 1512 MiB - 300 MiB reserved) x 0.6"
                        + " (spark.memory.fraction) = 697.0 MiB");
    }

    @Test
    void memoryOffTheHeapIsPartOfThePool() {
        ServerSpec spec = SpecReader.read(
                        new ServerName("sales"),
                        Declaration.ofJson(
                                "{\"driverMemory\":\"1512m\",\"conf\":{\"spark.memory.offHeap.enabled\":\"true\","
                                        + "\"spark.memory.offHeap.size\":\"512m\"}}"))
                .spec()
                .orElseThrow();

        MemoryModel model = MemoryModel.of(spec);

        assertThat(model.poolBytes()).isEqualTo(762524467L + (512L << 20));
        assertThat(model.explain())
                .isEqualTo("(1512 MiB - 300 MiB reserved) x 0.6 (spark.memory.fraction) + 512 MiB off the heap"
                        + " (spark.memory.offHeap.size) = 1239.2 MiB");
    }

    @Test
    void leastHeapIsTheOneThatStarts() {
        assertThat(MemoryModel.least(Collector.G1).text()).isEqualTo("449m");
        assertThat(MemoryModel.least(Collector.SERIAL).text()).isEqualTo("465m");
    }
}
