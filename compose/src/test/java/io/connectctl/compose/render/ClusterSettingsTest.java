package io.connectctl.compose.render;

import static org.assertj.core.api.Assertions.assertThat;

import io.connectctl.compose.spec.ClusterSpec;
import io.connectctl.compose.spec.DriverNetwork;
import io.connectctl.compose.spec.ExecutorSpec;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class ClusterSettingsTest {
    private static Map<String, String> settings(OptionalInt cores, Map<String, String> conf) {
        Specs specs = new Specs();
        specs.master = "spark://one:7077";
        specs.conf = conf;
        specs.cluster = new ClusterSpec(
                Optional.empty(),
                Optional.empty(),
                new ExecutorSpec(OptionalInt.of(2), OptionalInt.empty(), OptionalInt.empty(), cores, Optional.empty()),
                DriverNetwork.UNDECLARED);
        return ClusterSettings.of(specs.spec(), Specs.bareSite());
    }

    @Test
    void aNumberOfExecutorsIsSoManyTimesTheirCoresWhereverThoseAreSaid() {
        assertThat(settings(OptionalInt.empty(), Map.of())).containsEntry("spark.cores.max", "2");
        assertThat(settings(OptionalInt.of(3), Map.of())).containsEntry("spark.cores.max", "6");
        assertThat(settings(OptionalInt.empty(), Map.of("spark.executor.cores", "4")))
                .containsEntry("spark.cores.max", "8")
                .doesNotContainKey("spark.executor.cores");
    }
}
