package io.connectctl.compose.runtime.docker;

import com.fasterxml.jackson.databind.JsonNode;
import io.connectctl.compose.spec.ContainerSpec;
import io.connectctl.compose.spec.Loosening;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What the engine says of itself and of its machine ({@code GET /info}).
 *
 * @param memory the machine's memory in bytes; 0 where it isn't told
 * @param memoryLimit whether it can limit a container's memory
 * @param swapLimit whether it can keep a container from swapping
 * @param pidsLimit whether it can limit a container's processes
 * @param cgroups version of the kernel's control groups: {@code 1} or {@code 2}; empty text where it isn't told
 * @param rootless whether the engine runs as an ordinary user
 */
record Facts(long memory, boolean memoryLimit, boolean swapLimit, boolean pidsLimit, String cgroups, boolean rootless) {
    private static final Map<Loosening, String> LOOSENED = new EnumMap<>(Map.of(
            Loosening.USER, "runs as the image's own user, not as uid 185",
            Loosening.CAPABILITIES, "keeps the engine's default capabilities",
            Loosening.NEW_PRIVILEGES, "lets setuid programs raise privileges",
            Loosening.READ_ONLY, "has a writable root file system",
            Loosening.PIDS, "has no limit on processes and threads",
            Loosening.MEMORY, "has no memory limit",
            Loosening.SWAP, "may swap as much again as its memory",
            Loosening.INIT, "has no init as PID 1, so that dead children may stay"));

    static Facts of(JsonNode info) {
        boolean rootless = false;
        for (JsonNode option : info.path("SecurityOptions")) {
            rootless = rootless || option.asText().contains("rootless");
        }
        return new Facts(
                info.path("MemTotal").asLong(),
                info.path("MemoryLimit").asBoolean(true),
                info.path("SwapLimit").asBoolean(true),
                info.path("PidsLimit").asBoolean(true),
                info.path("CgroupVersion").asText(""),
                rootless);
    }

    /** What a declaration gives up by name, a sentence each. */
    static List<String> loosened(ContainerSpec container) {
        List<String> sentences = new ArrayList<>();
        for (Map.Entry<Loosening, String> entry : LOOSENED.entrySet()) {
            if (container.loosens(entry.getKey())) {
                sentences.add("hardening loosened ("
                        + entry.getKey()
                                .name()
                                .toLowerCase(java.util.Locale.ROOT)
                                .replace('_', '-') + "): it "
                        + entry.getValue());
            }
        }
        return sentences;
    }

    /** What the engine can't enforce, a sentence each. */
    List<String> lacking(ContainerSpec container) {
        List<String> sentences = new ArrayList<>();
        String where = (rootless ? "a rootless engine" : "this engine")
                + (cgroups.isEmpty() ? "" : " on cgroup version " + cgroups);
        if (!memoryLimit && !container.loosens(Loosening.MEMORY)) {
            sentences.add("the memory limit isn't enforced: " + where + " can't");
        } else if (!swapLimit && !container.loosens(Loosening.MEMORY) && !container.loosens(Loosening.SWAP)) {
            sentences.add("it may swap: " + where + " can't limit swap (the kernel's swapaccount=1 is off)");
        }
        if (!pidsLimit && !container.loosens(Loosening.PIDS)) {
            sentences.add("the limit on processes isn't enforced: " + where + " can't");
        }
        return sentences;
    }
}
