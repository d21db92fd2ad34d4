package io.connectctl.compose.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.compose.spec.SpecReader;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DriverReachTest {
    private static ServerSpec spec(String json) {
        return SpecReader.readAccepted(new ServerName("sales"), Declaration.ofJson(json))
                .spec()
                .orElseThrow();
    }

    @Test
    void executorsElsewhereAreToldNoAddressOfThisMachineAlone() throws Exception {
        assertThat(DriverReach.isOthers(InetAddress.getByName("127.0.1.1"))).isFalse();
        assertThat(DriverReach.isOthers(InetAddress.getByName("169.254.3.4"))).isFalse();
        assertThat(DriverReach.isOthers(InetAddress.getByName("0.0.0.0"))).isFalse();
        assertThat(DriverReach.isOthers(InetAddress.getByName("10.0.0.7"))).isTrue();
    }

    @Test
    void aListWithOneMasterOnLoopbackIsACluster() {
        assertThat(DriverReach.ofProcess(spec("{\"master\": \"spark://localhost:7077\"}")))
                .isEqualTo(DriverReach.NONE);
        assertThat(DriverReach.ofProcess(spec("{\"master\": \"spark://localhost:7077,cluster.invalid:7077\"}"))
                        .host())
                .as("the executors of the second one are elsewhere")
                .isEmpty();
    }

    @Test
    void aYarnOnThisMachineAloneIsReachedByLoopback(@TempDir Path folder) throws Exception {
        Files.writeString(
                folder.resolve("yarn-site.xml"),
                "<configuration><property><name>yarn.resourcemanager.hostname</name><value>127.0.0.1</value></property></configuration>");

        assertThat(DriverReach.ofProcess(spec("{\"master\": \"yarn\", \"hadoopConf\": \"" + folder + "\"}"))
                        .host())
                .contains("127.0.0.1");
    }

    @Test
    void whatConfSaysOfTheDriversNetworkIsPublishedLikeWhatTheFieldsSay() throws Exception {
        ServerSpec spec = spec("{\"master\": \"spark://cluster.invalid:7077\", \"runtime\": \"docker\", \"conf\": {"
                + "\"spark.driver.host\": \"10.0.0.7\", \"spark.driver.port\": \"7078\","
                + " \"spark.blockManager.port\": \"7079\"}}");

        DriverReach reach = DriverReach.ofContainer(spec);

        assertThat(reach)
                .isEqualTo(new DriverReach(Optional.of("10.0.0.7"), OptionalInt.of(7078), OptionalInt.of(7079)));
    }
}
