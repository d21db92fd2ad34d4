package io.connectctl.compose.runtime.docker;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelLogTest {
    private static final String ID = "9aa63956cd0f57ad80b46ceb06f7d6e7af96356592698c351038e50143ffca8b";
    private static final Duration END = Duration.ofSeconds(29_886);

    /** As Linux 6.1 wrote it; with systemd the group is called docker-ID.scope. */
    private static final String KILL =
            "6,1234,29885994529,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=" + ID
                    + ",mems_allowed=0,oom_memcg=/docker/" + ID + ",task_memcg=/docker/" + ID
                    + ",task=tail,pid=10274,uid=185";

    @Test
    void aKillOfThisContainerAtItsEndIsTold(@TempDir Path folder) throws Exception {
        Path log = folder.resolve("kmsg");
        Files.writeString(log, "6,1233,29885993847,-;tail invoked oom-killer: gfp_mask=0xcc0\n" + KILL + "\n");

        assertThat(KernelLog.ranOutOfMemory(log, ID, END)).isTrue();
        assertThat(KernelLog.ranOutOfMemory(log, "0" + ID.substring(1), END)).isFalse();
        assertThat(KernelLog.ranOutOfMemory(folder.resolve("none"), ID, END)).isFalse();
    }

    @Test
    void aKillLongBeforeIsNotWhyItEnded() {
        assertThat(KernelLog.tells(KILL, ID, END.plusSeconds(60))).isFalse();
        assertThat(KernelLog.tells(KILL.replace("/docker/" + ID, "/system.slice/docker-" + ID + ".scope"), ID, END))
                .isTrue();
    }
}
