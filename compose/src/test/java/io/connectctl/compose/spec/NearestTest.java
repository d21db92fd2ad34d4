package io.connectctl.compose.spec;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NearestTest {
    @ParameterizedTest
    @CsvSource({"port,port,0", "prot,port,1", "por,port,1", "ports,port,1", "pxrt,port,1", "abc,xyz,3", "'',abc,3"})
    void distanceCountsEditsAndSwaps(String left, String right, int distance) {
        assertThat(Nearest.distance(left, right)).isEqualTo(distance);
    }

    @Test
    void onlyNearWordsAreSuggested() {
        List<String> words = List.of("port", "uiPort", "driverMemory");

        assertThat(Nearest.of("driver-memory", words)).contains("driverMemory");
        assertThat(Nearest.of("driver", words)).contains("driverMemory");
        assertThat(Nearest.of("zebra", words)).isEmpty();
    }
}
