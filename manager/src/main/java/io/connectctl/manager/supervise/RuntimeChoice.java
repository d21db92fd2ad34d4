package io.connectctl.manager.supervise;

import io.connectctl.compose.runtime.Runtimes;
import io.connectctl.compose.runtime.ServerRuntime;
import io.connectctl.compose.spec.ServerSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Where a server with {@code runtime: auto} runs, chosen once, at its first start.
 *
 * @param runtime the runtime's name
 * @param why in words: what the runtimes before it lacked
 */
record RuntimeChoice(String runtime, String why) {
    /**
     * The first runtime, in the order of {@link Runtimes#PREFERENCE}, that nothing speaks against; else the last one there
     * is, whose launch then tells what is wrong. Takes some seconds where a registry must be asked.
     */
    static RuntimeChoice of(ServerSpec spec, Map<String, ServerRuntime> runtimes) throws InterruptedException {
        List<String> against = new ArrayList<>();
        List<String> names = new ArrayList<>(Runtimes.PREFERENCE);
        names.retainAll(runtimes.keySet());
        runtimes.keySet().stream()
                .filter(name -> !names.contains(name))
                .sorted()
                .forEach(names::add);
        for (String name : names) {
            ServerRuntime runtime = runtimes.get(name);
            Optional<String> obstacle = runtime == null ? Optional.of("isn't there") : runtime.obstacle(spec.in(name));
            if (obstacle.isEmpty()) {
                return new RuntimeChoice(name, against.isEmpty() ? "it is there" : String.join("; ", against));
            }
            against.add(name + ": " + obstacle.get());
        }
        if (names.isEmpty()) {
            throw new IllegalStateException("there is no runtime at all");
        }
        return new RuntimeChoice(names.get(names.size() - 1), String.join("; ", against));
    }
}
