package io.connectctl.compose.runtime.docker;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.connectctl.compose.spec.ContainerSpec;
import io.connectctl.compose.spec.Loosening;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What an engine can't enforce, from what it says of itself; no engine at hand lacks anything. */
class FactsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static Facts facts(String info) throws Exception {
        return Facts.of(JSON.readTree(info));
    }

    private static ContainerSpec container(Loosening... loosen) {
        return DockerFixture.container(Optional.empty(), List.of(), List.of(), List.of(), Set.of(loosen));
    }

    @Test
    void anEngineThatCanDoAllLacksNothing() throws Exception {
        assertThat(facts("{\"MemoryLimit\":true,\"SwapLimit\":true,\"PidsLimit\":true,\"CgroupVersion\":\"2\"}")
                        .lacking(container()))
                .isEmpty();
        assertThat(facts("{}").lacking(container()))
                .as("an engine that doesn't tell is taken to be able")
                .isEmpty();
    }

    @Test
    void aRootlessEngineOnTheOldControlGroupsLimitsNothing() throws Exception {
        Facts facts = facts(
                """
                {"MemoryLimit":false,"SwapLimit":false,"PidsLimit":false,"CgroupVersion":"1",
                "SecurityOptions":["name=seccomp,profile=builtin","name=rootless"],"MemTotal":1024}""");

        assertThat(facts.rootless()).isTrue();
        assertThat(facts.memory()).isEqualTo(1024);
        assertThat(facts.lacking(container()))
                .containsExactly(
                        "the memory limit isn't enforced: a rootless engine on cgroup version 1 can't",
                        "the limit on processes isn't enforced: a rootless engine on cgroup version 1 can't");
    }

    @Test
    void aKernelThatCannotLimitSwapIsNamed() throws Exception {
        Facts facts = facts("{\"MemoryLimit\":true,\"SwapLimit\":false,\"PidsLimit\":true,\"CgroupVersion\":\"1\"}");

        assertThat(facts.lacking(container()))
                .containsExactly("it may swap: this engine on cgroup version 1 can't limit swap (the kernel's"
                        + " swapaccount=1 is off)");
    }

    @Test
    void nobodyIsToldOfALimitThatWasGivenUpAnyway() throws Exception {
        Facts facts = facts("{\"MemoryLimit\":false,\"SwapLimit\":false,\"PidsLimit\":false}");

        assertThat(facts.lacking(container(Loosening.MEMORY, Loosening.PIDS))).isEmpty();
        assertThat(facts.lacking(container(Loosening.SWAP)))
                .containsExactly(
                        "the memory limit isn't enforced: this engine can't",
                        "the limit on processes isn't enforced: this engine can't");
    }
}
