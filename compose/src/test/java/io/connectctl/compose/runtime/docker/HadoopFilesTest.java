package io.connectctl.compose.runtime.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.compose.spec.SpecReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HadoopFilesTest {
    private final Path folder;

    HadoopFilesTest(@TempDir Path folder) {
        this.folder = folder;
    }

    private ServerSpec spec() {
        return SpecReader.readAccepted(
                        new ServerName("sales"),
                        Declaration.ofJson("{\"master\": \"yarn\", \"hadoopConf\": \"" + folder + "\"}"))
                .spec()
                .orElseThrow();
    }

    private Path write(String name) throws IOException {
        return Files.writeString(folder.resolve(name), "<configuration/>");
    }

    @Test
    void whatOnlyTheClustersServersNeedStaysOutside() throws Exception {
        for (String name : new String[] {
            "yarn-site.xml",
            "log4j.properties",
            "ssl-client.xml",
            "ssl-server.xml",
            "container-executor.cfg",
            "server.jks",
            "trust.p12",
            "yarn.keytab",
            ".hidden"
        }) {
            write(name);
        }

        assertThat(HadoopFiles.of(spec())).containsOnlyKeys("yarn-site.xml", "log4j.properties", "ssl-client.xml");
    }

    @Test
    void whatCannotBeReadIsLeftOutUnlessAClientNeedsIt() throws Exception {
        write("yarn-site.xml");
        Path other = write("capacity-scheduler.xml");
        Files.setPosixFilePermissions(other, PosixFilePermissions.fromString("---------"));
        assumeFalse(Files.isReadable(other), "root reads everything");

        assertThat(HadoopFiles.of(spec())).containsOnlyKeys("yarn-site.xml");

        Files.setPosixFilePermissions(folder.resolve("yarn-site.xml"), PosixFilePermissions.fromString("---------"));
        assertThatThrownBy(() -> HadoopFiles.of(spec()))
                .isInstanceOf(LaunchException.class)
                .hasMessageContaining("yarn-site.xml");
    }
}
