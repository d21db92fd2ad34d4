package io.connectctl.manager.supervise;

import static org.assertj.core.api.Assertions.assertThat;

import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.Location;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.compose.spec.SpecReader;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class MachineMemoryTest {
    private static final long GIBIBYTE = 1L << 30;

    private static ServerSpec spec(String runtime) {
        return SpecReader.draft(
                new ServerName("sales"),
                Declaration.ofJson("{\"driverMemory\":\"60g\",\"runtime\":\"" + runtime + "\"}"));
    }

    @Test
    void aHeapThatTheMachineCantHoldIsWarnedOf() {
        Optional<Location> flag = Optional.of(Location.flag("--driver-memory"));

        assertThat(MachineMemory.tooLittleFor(spec("process"), 24 * GIBIBYTE, flag)
                        .orElseThrow())
                .hasToString(
                        "--driver-memory: servers.sales.driverMemory: is 60g, and this machine has 24.0 GiB: it starts,"
                                + " and is killed once it uses more than there is; declare less");
        assertThat(MachineMemory.tooLittleFor(spec("auto"), 24 * GIBIBYTE, flag))
                .isPresent();
        assertThat(MachineMemory.tooLittleFor(spec("process"), 64 * GIBIBYTE, flag))
                .isEmpty();
    }

    @Test
    void nothingIsSaidWhereTheMachineIsAnEnginesOrItsMemoryIsntKnown() {
        assertThat(MachineMemory.tooLittleFor(spec("docker"), 24 * GIBIBYTE, Optional.empty()))
                .isEmpty();
        assertThat(MachineMemory.tooLittleFor(spec("process"), 0, Optional.empty()))
                .isEmpty();
    }
}
